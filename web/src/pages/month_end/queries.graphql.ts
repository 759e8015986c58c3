// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Component =
  | 'LICENSE'
  | 'SERVER';

/** Whether an addition holds what its month closed with. BEING_LEFT: nothing was closed on it, since the usage moved elsewhere, and it is not set to 0 yet. */
export type LineState =
  | 'VERIFIED'
  | 'WAITING'
  | 'MOVED_ON'
  | 'EDITED_BY_HAND'
  | 'CORRECTED_LATER'
  | 'BEING_LEFT';

export type PushKind =
  | 'INITIAL'
  | 'INCREMENTAL'
  | 'OVERWRITE'
  | 'FINAL'
  | 'RELEASE'
  | 'UNDO';

export type ClockQueryVariables = Exact<{ [key: string]: never; }>;


export type ClockQuery = { serverTime: string };

export type MonthEndQueryVariables = Exact<{
  month: string;
  msp?: string | null | undefined;
}>;


export type MonthEndQuery = { monthEnd: { month: string, isClosed: boolean, safeToInvoice: boolean, sentence: string, lines: Array<{ agreement: number, product: number, closed: string, target: string | null, verifiedAt: string | null, state: LineState }>, exceptions: Array<{ id: string, problem: string, reason: string | null, detail: string, cure: string, agreement: number | null, product: number | null, kind: PushKind | null, month: string | null, run: string | null, found: string | null, wanted: string | null, target: string | null, push: string | null, since: string }>, leaks: Array<{ organization: string, organizationName: string, product: number | null, plan: string | null, component: Component | null, quantity: string }>, excluded: Array<{ organization: string, organizationName: string, product: number | null, plan: string | null, component: Component | null, quantity: string, excludedBecause: string | null }>, corrections: Array<{ organization: string, version: number, product: number | null, plan: string | null, component: Component | null, oldQuantity: string | null, quantity: string | null, changeId: string, recordedAt: string }> } };

export const clockQuery: Operation<ClockQuery, ClockQueryVariables> = operation('Clock', `query Clock {
  serverTime
}`);

export const monthEndQuery: Operation<MonthEndQuery, MonthEndQueryVariables> = operation('MonthEnd', `query MonthEnd($month: BillingMonth!, $msp: ID) {
  monthEnd(month: $month, msp: $msp) {
    month
    isClosed
    safeToInvoice
    sentence
    lines {
      agreement
      product
      closed
      target
      verifiedAt
      state
    }
    exceptions {
      id
      problem
      reason
      detail
      cure
      agreement
      product
      kind
      month
      run
      found
      wanted
      target
      push
      since
    }
    leaks {
      organization
      organizationName
      product
      plan
      component
      quantity
    }
    excluded {
      organization
      organizationName
      product
      plan
      component
      quantity
      excludedBecause
    }
    corrections {
      organization
      version
      product
      plan
      component
      oldQuantity
      quantity
      changeId
      recordedAt
    }
  }
}`);
