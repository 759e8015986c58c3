// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Role =
  | 'ADMIN'
  | 'AUDITOR'
  | 'PLATFORM'
  | 'WORKER';

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { subject: string, role: Role, msp: string | null } };

export type MspsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type MspsQuery = { msps: { totalCount: number, nodes: Array<{ id: string }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ShellQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type ShellQuery = { serverTime: string, psaConnection: { status: Status, companyName: string | null }, exceptions: { totalCount: number }, organizations: { counts: Array<{ state: string, count: number }> } };

export type FactsSubscriptionVariables = Exact<{
  msp?: string | null | undefined;
  after?: string | null | undefined;
}>;


export type FactsSubscription = { facts: { cursor: string } };

export const viewerQuery: Operation<ViewerQuery, ViewerQueryVariables> = operation('Viewer', `query Viewer {
  viewer {
    subject
    role
    msp
  }
}`);

export const mspsQuery: Operation<MspsQuery, MspsQueryVariables> = operation('Msps', `query Msps($first: Int!, $after: String) {
  msps(first: $first, after: $after) {
    nodes {
      id
    }
    totalCount
    counts {
      state
      count
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`);

export const shellQuery: Operation<ShellQuery, ShellQueryVariables> = operation('Shell', `query Shell($msp: ID) {
  serverTime
  psaConnection(msp: $msp) {
    status
    companyName
  }
  exceptions(first: 1, msp: $msp) {
    totalCount
  }
  organizations(first: 1, msp: $msp) {
    counts {
      state
      count
    }
  }
}`);

export const factsSubscription: Operation<FactsSubscription, FactsSubscriptionVariables> = operation('Facts', `subscription Facts($msp: ID, $after: String) {
  facts(msp: $msp, after: $after) {
    cursor
  }
}`);
