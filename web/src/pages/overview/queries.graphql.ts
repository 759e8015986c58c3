// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type AttentionReason =
  | 'WRONG_KEYS'
  | 'SITE_UNREACHABLE'
  | 'MISSING_RIGHT';

export type Component =
  | 'LICENSE'
  | 'SERVER';

export type PushKind =
  | 'INITIAL'
  | 'INCREMENTAL'
  | 'OVERWRITE'
  | 'FINAL'
  | 'RELEASE'
  | 'UNDO';

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

/** Why usage is billed nowhere: nobody mapped it yet, or it is excluded for a reason. */
export type Unbilled =
  | 'UNMAPPED'
  | 'EXCLUDED';

export type OverviewQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type OverviewQuery = { serverTime: string, psaConnection: { status: Status, siteUrl: string | null, site: string | null, companyId: string | null, companyName: string | null, isConfirmed: boolean, attention: { reason: AttentionReason, detail: string } | null, lastImport: { finishedAt: string | null } | null }, exceptions: { totalCount: number, nodes: Array<{ id: string, problem: string, reason: string | null, detail: string, cure: string, agreement: number | null, product: number | null, kind: PushKind | null, month: string | null, run: string | null, found: string | null, wanted: string | null, target: string | null, push: string | null, since: string }> }, organizations: { totalCount: number, counts: Array<{ state: string, count: number }> }, unbilledUsage: Array<{ state: Unbilled, component: Component, units: number }>, licensesByDay: { month: string, opening: string, days: Array<{ day: number, inForce: string }> }, pushed: { nodes: Array<{ recordedAt: string }> }, recent: { nodes: Array<{ id: string, recordedAt: string, factType: string, organization: string | null, agreement: number | null, product: number | null, run: string | null, payload: unknown, actor: { subject: string, role: Role } }> } };

export type MappingQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type MappingQuery = { mappingSuggestions: { totalCount: number } };

export type ExceptionFragment = { id: string, problem: string, reason: string | null, detail: string, cure: string, agreement: number | null, product: number | null, kind: PushKind | null, month: string | null, run: string | null, found: string | null, wanted: string | null, target: string | null, push: string | null, since: string };

export const overviewQuery: Operation<OverviewQuery, OverviewQueryVariables> = operation('Overview', `query Overview($msp: ID) {
  serverTime
  psaConnection(msp: $msp) {
    status
    siteUrl
    site
    companyId
    companyName
    isConfirmed
    attention {
      reason
      detail
    }
    lastImport {
      finishedAt
    }
  }
  exceptions(first: 10, msp: $msp) {
    totalCount
    nodes {
      ...Exception
    }
  }
  organizations(first: 1, msp: $msp) {
    totalCount
    counts {
      state
      count
    }
  }
  unbilledUsage(msp: $msp) {
    state
    component
    units
  }
  licensesByDay(msp: $msp) {
    month
    opening
    days {
      day
      inForce
    }
  }
  pushed: history(
    first: 1
    filter: { factType: "addition.usage-pushed" }
    msp: $msp
  ) {
    nodes {
      recordedAt
    }
  }
  recent: history(first: 8, msp: $msp) {
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
}

fragment Exception on OpenException {
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
}`);

export const mappingQuery: Operation<MappingQuery, MappingQueryVariables> = operation('Mapping', `query Mapping($msp: ID) {
  mappingSuggestions(first: 1, msp: $msp) {
    totalCount
  }
}`);
