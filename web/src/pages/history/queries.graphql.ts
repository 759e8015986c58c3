// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What an id is the id of. */
export type FoundKind =
  | 'FACT'
  | 'CHANGE'
  | 'ORGANIZATION'
  | 'RUN'
  | 'PUSH'
  | 'REQUEST'
  | 'AGREEMENT'
  | 'PRODUCT';

/** `since` is included, `until` is not. `factType` is a stored name, such as addition.usage-pushed; `causedBy` the id of the fact that led to those wanted. */
export type HistoryFilterInput = {
  since?: string | null | undefined;
  until?: string | null | undefined;
  subject?: string | null | undefined;
  role?: Role | null | undefined;
  factType?: string | null | undefined;
  organization?: string | null | undefined;
  agreement?: number | null | undefined;
  product?: number | null | undefined;
  run?: string | null | undefined;
  requestId?: string | null | undefined;
  causedBy?: string | null | undefined;
};

export type Role =
  | 'ADMIN'
  | 'AUDITOR'
  | 'PLATFORM'
  | 'WORKER';

export type HistoryQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: HistoryFilterInput | null | undefined;
  msp?: string | null | undefined;
}>;


export type HistoryQuery = { history: { totalCount: number, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, recordedAt: string, factType: string, organization: string | null, agreement: number | null, product: number | null, run: string | null, payload: unknown, actor: { subject: string, role: Role } }> } };

export type HistoryCountQueryVariables = Exact<{
  filter?: HistoryFilterInput | null | undefined;
  msp?: string | null | undefined;
}>;


export type HistoryCountQuery = { history: { totalCount: number } };

export type FactQueryVariables = Exact<{
  id: string;
  msp?: string | null | undefined;
}>;


export type FactQuery = { find: Array<{ kind: FoundKind, entry: { id: string, number: number, recordedAt: string, factType: string, version: number, requestId: string, correlationId: string, causationId: string | null, organization: string | null, agreement: number | null, product: number | null, run: string | null, payload: unknown, actor: { subject: string, role: Role, address: string | null, userAgent: string | null } } }> };

export type LedToQueryVariables = Exact<{
  id: string;
  msp?: string | null | undefined;
}>;


export type LedToQuery = { history: { totalCount: number, nodes: Array<{ id: string, recordedAt: string, factType: string, organization: string | null, agreement: number | null, product: number | null, run: string | null, payload: unknown }> } };

export type SealQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type SealQuery = { auditCheckpoints: { nodes: Array<{ count: number, at: string, key: string }> } };

export const historyQuery: Operation<HistoryQuery, HistoryQueryVariables> = operation('History', `query History($first: Int!, $after: String, $filter: HistoryFilterInput, $msp: ID) {
  history(first: $first, after: $after, filter: $filter, msp: $msp) {
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
      id
      recordedAt
      factType
      actor {
        subject
        role
      }
      organization
      agreement
      product
      run
      payload
    }
  }
}`);

export const historyCountQuery: Operation<HistoryCountQuery, HistoryCountQueryVariables> = operation('HistoryCount', `query HistoryCount($filter: HistoryFilterInput, $msp: ID) {
  history(first: 1, filter: $filter, msp: $msp) {
    totalCount
  }
}`);

export const factQuery: Operation<FactQuery, FactQueryVariables> = operation('Fact', `query Fact($id: ID!, $msp: ID) {
  find(id: $id, msp: $msp) {
    kind
    entry {
      id
      number
      recordedAt
      factType
      version
      actor {
        subject
        role
        address
        userAgent
      }
      requestId
      correlationId
      causationId
      organization
      agreement
      product
      run
      payload
    }
  }
}`);

export const ledToQuery: Operation<LedToQuery, LedToQueryVariables> = operation('LedTo', `query LedTo($id: ID!, $msp: ID) {
  history(first: 20, filter: { causedBy: $id }, order: OLDEST_FIRST, msp: $msp) {
    totalCount
    nodes {
      id
      recordedAt
      factType
      organization
      agreement
      product
      run
      payload
    }
  }
}`);

export const sealQuery: Operation<SealQuery, SealQueryVariables> = operation('Seal', `query Seal($msp: ID) {
  auditCheckpoints(first: 1, msp: $msp) {
    nodes {
      count
      at
      key
    }
  }
}`);
