// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Component =
  | 'LICENSE'
  | 'SERVER';

export type DriftPolicy =
  | 'OVERWRITE'
  | 'KEEP'
  | 'HOLD';

export type Rule =
  | 'CURRENT'
  | 'PEAK'
  | 'AVERAGE';

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type OverviewThenQueryVariables = Exact<{
  at: string;
  msp?: string | null | undefined;
}>;


export type OverviewThenQuery = { connectionAsOf: { status: Status, siteUrl: string | null, companyId: string | null, companyName: string | null, keyHint: string | null, connectedAt: string | null, isConfirmed: boolean, settings: { driftPolicy: DriftPolicy, holdDays: number, dropGuardPercent: number, dropGuardUnits: number }, productMappings: Array<{ plan: string, component: Component, product: number, identifier: string, rule: Rule, minimum: number }>, organizations: { totalCount: number } } };

export const overviewThenQuery: Operation<OverviewThenQuery, OverviewThenQueryVariables> = operation('OverviewThen', `query OverviewThen($at: DateTime!, $msp: ID) {
  connectionAsOf(at: $at, msp: $msp) {
    status
    siteUrl
    companyId
    companyName
    keyHint
    connectedAt
    isConfirmed
    settings {
      driftPolicy
      holdDays
      dropGuardPercent
      dropGuardUnits
    }
    productMappings {
      plan
      component
      product
      identifier
      rule
      minimum
    }
    organizations(first: 1) {
      totalCount
    }
  }
}`);
