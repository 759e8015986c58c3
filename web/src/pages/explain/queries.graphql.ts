// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Problem =
  | 'TWO_RUNNING'
  | 'BELOW_ZERO'
  | 'AGREEMENT_ENDED'
  | 'AGREEMENT_GONE'
  | 'PRODUCT_INACTIVE'
  | 'MISSING_RIGHT'
  | 'RECORD_FORBIDDEN'
  | 'REFUSED_BY_PSA'
  | 'NOT_APPLIED'
  | 'PSA_UNAVAILABLE'
  | 'PRORATED_TWICE'
  | 'NOT_ON_THIS_INVOICE'
  | 'MISSED_MONTH'
  | 'OUTCOME_UNKNOWN'
  | 'ADDITION_LOST'
  | 'CANNOT_UNDO'
  | 'NOTHING_MAPPED'
  | 'NUMBERS_MOVED'
  | 'COMPANY_DELETED'
  | 'FINAL_PENDING';

export type PushKind =
  | 'INITIAL'
  | 'INCREMENTAL'
  | 'OVERWRITE'
  | 'FINAL'
  | 'RELEASE'
  | 'UNDO';

export type Rule =
  | 'CURRENT'
  | 'PEAK'
  | 'AVERAGE';

export type ExplainQueryVariables = Exact<{
  agreement: number;
  product: number;
  month: string;
  at?: string | null | undefined;
  msp?: string | null | undefined;
}>;


export type ExplainQuery = { serverTime: string, explainQuantity: { agreement: number, product: number, month: string, rule: Rule, minimum: number, wanted: string, openingBase: string, closingBase: string, isSumRight: boolean, isWaiting: boolean, checks: Array<{ name: string, isRight: boolean, expected: string, actual: string }>, organizations: Array<{ organization: string, name: string, opening: number, quantity: string, closed: string | null, closedVersion: number | null, changes: Array<{ effectiveAt: string, recordedAt: string, isLate: boolean, entryId: string, changeId: string, subject: string, fact: string, totalAfter: number }> }>, pushes: Array<{ push: string, kind: PushKind, entryId: string, startedAt: string, subject: string, run: string | null, wrote: string | null, found: string | null, target: string, answer: { recordedAt: string, before: string | null, after: string | null, problem: Problem | null, detail: string | null } | null }> } };

export type ServerTimeQueryVariables = Exact<{ [key: string]: never; }>;


export type ServerTimeQuery = { serverTime: string };

export type ReplayQueryVariables = Exact<{
  month: string;
  agreement: number;
  msp?: string | null | undefined;
}>;


export type ReplayQuery = { reconstruct: { facts: number, isRight: boolean, isPsaRight: boolean | null, additions: Array<{ product: number, opening: string, deltas: string, closing: string, isRight: boolean, wrote: string | null, found: string | null, isFoundRight: boolean | null, pushes: Array<{ push: string, problems: Array<string> }> }> } };

export const explainQuery: Operation<ExplainQuery, ExplainQueryVariables> = operation('Explain', `query Explain($agreement: Int!, $product: Int!, $month: BillingMonth!, $at: DateTime, $msp: ID) {
  serverTime
  explainQuantity(
    agreement: $agreement
    product: $product
    month: $month
    at: $at
    msp: $msp
  ) {
    agreement
    product
    month
    rule
    minimum
    wanted
    openingBase
    closingBase
    isSumRight
    isWaiting
    checks {
      name
      isRight
      expected
      actual
    }
    organizations {
      organization
      name
      opening
      quantity
      closed
      closedVersion
      changes {
        effectiveAt
        recordedAt
        isLate
        entryId
        changeId
        subject
        fact
        totalAfter
      }
    }
    pushes {
      push
      kind
      entryId
      startedAt
      subject
      run
      wrote
      found
      target
      answer {
        recordedAt
        before
        after
        problem
        detail
      }
    }
  }
}`);

export const serverTimeQuery: Operation<ServerTimeQuery, ServerTimeQueryVariables> = operation('ServerTime', `query ServerTime {
  serverTime
}`);

export const replayQuery: Operation<ReplayQuery, ReplayQueryVariables> = operation('Replay', `query Replay($month: BillingMonth!, $agreement: Int!, $msp: ID) {
  reconstruct(month: $month, withPsa: true, agreement: $agreement, msp: $msp) {
    facts
    isRight
    isPsaRight
    additions {
      product
      opening
      deltas
      closing
      isRight
      wrote
      found
      isFoundRight
      pushes {
        push
        problems
      }
    }
  }
}`);
