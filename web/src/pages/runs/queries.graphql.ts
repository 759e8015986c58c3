// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
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

export type RunsFilter = {
  kind?: RunKind | null | undefined;
  status?: RunStatus | null | undefined;
};

export type RunsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: RunsFilter | null | undefined;
  msp?: string | null | undefined;
}>;


export type RunsQuery = { runs: { totalCount: number, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, kind: RunKind, status: RunStatus, month: string | null, requestedBy: string | null, requestedAt: string, lineCount: number, problem: string | null, progress: Array<{ state: string, count: number }> }> } };

export const runsQuery: Operation<RunsQuery, RunsQueryVariables> = operation('Runs', `query Runs($first: Int!, $after: String, $filter: RunsFilter, $msp: ID) {
  runs(first: $first, after: $after, filter: $filter, msp: $msp) {
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
      kind
      status
      month
      requestedBy
      requestedAt
      lineCount
      problem
      progress {
        state
        count
      }
    }
  }
}`);
