// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type NowQueryVariables = Exact<{ [key: string]: never; }>;


export type NowQuery = { serverTime: string };

export type DifferencesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  from: string;
  to: string;
  msp?: string | null | undefined;
}>;


export type DifferencesQuery = { connectionDifference: { totalCount: number, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ subject: string, key: string, field: string, before: string | null, after: string | null }> } };

export const nowQuery: Operation<NowQuery, NowQueryVariables> = operation('Now', `query Now {
  serverTime
}`);

export const differencesQuery: Operation<DifferencesQuery, DifferencesQueryVariables> = operation('Differences', `query Differences($first: Int!, $after: String, $from: DateTime!, $to: DateTime!, $msp: ID) {
  connectionDifference(
    first: $first
    after: $after
    from: $from
    to: $to
    msp: $msp
  ) {
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
      subject
      key
      field
      before
      after
    }
  }
}`);
