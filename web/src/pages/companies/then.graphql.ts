// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Component =
  | 'LICENSE'
  | 'SERVER';

export type LicenseType =
  | 'PAID'
  | 'TRIAL'
  | 'NFR';

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type CompaniesAsOfQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  at: string;
  msp?: string | null | undefined;
}>;


export type CompaniesAsOfQuery = { connectionAsOf: { status: Status, organizations: { totalCount: number, nodes: Array<{ organization: string, name: string | null, plan: string | null, licenseType: LicenseType | null, company: number | null, companyName: string | null, agreement: number | null, agreementName: string | null, mappedAt: string | null, excludedBecause: string | null, quantities: Array<{ component: Component, counted: number, billed: number }> }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } };

export const companiesAsOfQuery: Operation<CompaniesAsOfQuery, CompaniesAsOfQueryVariables> = operation('CompaniesAsOf', `query CompaniesAsOf($first: Int!, $after: String, $at: DateTime!, $msp: ID) {
  connectionAsOf(at: $at, msp: $msp) {
    status
    organizations(first: $first, after: $after) {
      nodes {
        organization
        name
        plan
        licenseType
        company
        companyName
        agreement
        agreementName
        mappedAt
        excludedBecause
        quantities {
          component
          counted
          billed
        }
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
  }
}`);
