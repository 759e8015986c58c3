// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type CancelRunInput = {
  run: string;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type HoldReason =
  | 'DROP_GUARD'
  | 'HAND_EDIT';

export type LineOutcome =
  | 'NOT_STARTED'
  | 'VERIFIED'
  | 'UNCHANGED'
  | 'HELD'
  | 'REFUSED'
  | 'FAILED'
  | 'UNKNOWN';

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

export type RunKind =
  | 'PREVIEW'
  | 'OVERWRITE'
  | 'FINAL'
  | 'UNDO'
  | 'IMPORT';

export type RunStatus =
  | 'REQUESTED'
  | 'RUNNING'
  | 'CANCELLED'
  | 'FINISHED';

export type RunQueryVariables = Exact<{
  id: string;
  msp?: string | null | undefined;
}>;


export type RunQuery = { serverTime: string, run: { id: string, kind: RunKind, status: RunStatus, month: string | null, organizations: Array<string> | null, undoes: string | null, requestedBy: string | null, requestedAt: string, plannedAt: string | null, finishedAt: string | null, lineCount: number, problem: string | null, progress: Array<{ state: string, count: number }>, vanished: Array<{ organization: string, companyName: string | null, agreementName: string | null }> } | null };

export type RunLinesQueryVariables = Exact<{
  id: string;
  first: number;
  after?: string | null | undefined;
  msp?: string | null | undefined;
}>;


export type RunLinesQuery = { run: { lines: { totalCount: number, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ agreement: number, product: number, found: string | null, target: string | null, money: string | null, problem: string | null, outcome: LineOutcome | null, outcomeProblem: Problem | null, outcomeHold: HoldReason | null, outcomeFound: string | null, outcomeTarget: string | null, outcomeAt: string | null }> } } | null };

export type CancelRunMutationVariables = Exact<{
  input: CancelRunInput;
}>;


export type CancelRunMutation = { cancelRun:
    | { __typename: 'RunAccepted', run: { id: string, status: RunStatus } }
    | { __typename: 'UnknownRun', message: string }
    | { __typename: 'RunIsOver', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const runQuery: Operation<RunQuery, RunQueryVariables> = operation('Run', `query Run($id: ID!, $msp: ID) {
  serverTime
  run(id: $id, msp: $msp) {
    id
    kind
    status
    month
    organizations
    undoes
    requestedBy
    requestedAt
    plannedAt
    finishedAt
    lineCount
    problem
    progress {
      state
      count
    }
    vanished {
      organization
      companyName
      agreementName
    }
  }
}`);

export const runLinesQuery: Operation<RunLinesQuery, RunLinesQueryVariables> = operation('RunLines', `query RunLines($id: ID!, $first: Int!, $after: String, $msp: ID) {
  run(id: $id, msp: $msp) {
    lines(first: $first, after: $after) {
      totalCount
      counts {
        state
        count
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        agreement
        product
        found
        target
        money
        problem
        outcome
        outcomeProblem
        outcomeHold
        outcomeFound
        outcomeTarget
        outcomeAt
      }
    }
  }
}`);

export const cancelRunMutation: Operation<CancelRunMutation, CancelRunMutationVariables> = operation('CancelRun', `mutation CancelRun($input: CancelRunInput!) {
  cancelRun(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on RunAccepted {
      run {
        id
        status
      }
    }
  }
}`);
