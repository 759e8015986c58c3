// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** A held line of the preview that is to be written all the same, with the numbers shown. */
export type ApprovedLineInput = {
  agreement: number;
  product: number;
  found: string;
  target: string;
};

export type LineAction =
  | 'CREATE'
  | 'WRITE'
  | 'VERIFY'
  | 'HOLD'
  | 'REFUSE';

/** Of a Sync now: without `month` the current one, without `organizations` all. Of an undo: `undoes`, and nothing else. */
export type PreviewSyncInput = {
  month?: string | null | undefined;
  organizations?: Array<string> | null | undefined;
  undoes?: string | null | undefined;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

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

/** Without `month` the current one; without `organizations` all. With `digest` what that preview showed, and then both may be left out; `approved` ticks held lines of it. */
export type SyncNowInput = {
  month?: string | null | undefined;
  organizations?: Array<string> | null | undefined;
  digest?: string | null | undefined;
  approved?: Array<ApprovedLineInput>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type UndoRunInput = {
  run: string;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type PreviewQueryVariables = Exact<{
  id: string;
  msp?: string | null | undefined;
}>;


export type PreviewQuery = { serverTime: string, psaConnection: { settings: { holdDays: number } }, run: { id: string, kind: RunKind, status: RunStatus, month: string | null, organizations: Array<string> | null, undoes: string | null, digest: string | null, requestedBy: string | null, requestedAt: string, finishedAt: string | null, lineCount: number, problem: string | null, planned: Array<{ action: LineAction, count: number, money: string }> } | null };

export type PreviewLinesQueryVariables = Exact<{
  id: string;
  first: number;
  after?: string | null | undefined;
  actions?: Array<LineAction> | LineAction | null | undefined;
  msp?: string | null | undefined;
}>;


export type PreviewLinesQuery = { run: { lines: { totalCount: number, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ agreement: number, product: number, action: LineAction, found: string | null, wrote: string | null, wanted: string | null, target: string | null, money: string | null, problem: string | null }> } } | null };

export type ScopeQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type ScopeQuery = { serverTime: string, organizations: { totalCount: number, nodes: Array<{ id: string, name: string }> } };

export type PreviewSyncMutationVariables = Exact<{
  input: PreviewSyncInput;
}>;


export type PreviewSyncMutation = { previewSync:
    | { __typename: 'RunAccepted', run: { id: string } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'ConnectionIsNotActive', message: string }
    | { __typename: 'MonthHasNotBegun', message: string }
    | { __typename: 'MonthIsNotClosed', message: string }
    | { __typename: 'UnknownOrganization', message: string }
    | { __typename: 'UnknownRun', message: string }
    | { __typename: 'RunCannotBeUndone', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type SyncNowMutationVariables = Exact<{
  input: SyncNowInput;
}>;


export type SyncNowMutation = { syncNow:
    | { __typename: 'RunAccepted', run: { id: string } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'ConnectionIsNotActive', message: string }
    | { __typename: 'MonthHasNotBegun', message: string }
    | { __typename: 'MonthIsNotClosed', message: string }
    | { __typename: 'UnknownOrganization', message: string }
    | { __typename: 'PreviewIsOutdated', message: string }
    | { __typename: 'NotHeld', message: string }
    | { __typename: 'NumbersMoved', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type UndoRunMutationVariables = Exact<{
  input: UndoRunInput;
}>;


export type UndoRunMutation = { undoRun:
    | { __typename: 'RunAccepted', run: { id: string } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'ConnectionIsNotActive', message: string }
    | { __typename: 'UnknownRun', message: string }
    | { __typename: 'RunCannotBeUndone', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const previewQuery: Operation<PreviewQuery, PreviewQueryVariables> = operation('Preview', `query Preview($id: ID!, $msp: ID) {
  serverTime
  psaConnection(msp: $msp) {
    settings {
      holdDays
    }
  }
  run(id: $id, msp: $msp) {
    id
    kind
    status
    month
    organizations
    undoes
    digest
    requestedBy
    requestedAt
    finishedAt
    lineCount
    problem
    planned {
      action
      count
      money
    }
  }
}`);

export const previewLinesQuery: Operation<PreviewLinesQuery, PreviewLinesQueryVariables> = operation('PreviewLines', `query PreviewLines($id: ID!, $first: Int!, $after: String, $actions: [LineAction!], $msp: ID) {
  run(id: $id, msp: $msp) {
    lines(first: $first, after: $after, actions: $actions) {
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
        action
        found
        wrote
        wanted
        target
        money
        problem
      }
    }
  }
}`);

export const scopeQuery: Operation<ScopeQuery, ScopeQueryVariables> = operation('Scope', `query Scope($msp: ID) {
  serverTime
  organizations(first: 100, filter: { isMapped: true }, msp: $msp) {
    totalCount
    nodes {
      id
      name
    }
  }
}`);

export const previewSyncMutation: Operation<PreviewSyncMutation, PreviewSyncMutationVariables> = operation('PreviewSync', `mutation PreviewSync($input: PreviewSyncInput!) {
  previewSync(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on RunAccepted {
      run {
        id
      }
    }
  }
}`);

export const syncNowMutation: Operation<SyncNowMutation, SyncNowMutationVariables> = operation('SyncNow', `mutation SyncNow($input: SyncNowInput!) {
  syncNow(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on RunAccepted {
      run {
        id
      }
    }
  }
}`);

export const undoRunMutation: Operation<UndoRunMutation, UndoRunMutationVariables> = operation('UndoRun', `mutation UndoRun($input: UndoRunInput!) {
  undoRun(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on RunAccepted {
      run {
        id
      }
    }
  }
}`);
