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

export type Management =
  | 'MSP'
  | 'SELF';

export type OrganizationsFilter = {
  search?: string | null | undefined;
  management?: Management | null | undefined;
  licenseType?: LicenseType | null | undefined;
  isClosed?: boolean | null | undefined;
  isMapped?: boolean | null | undefined;
  isExcluded?: boolean | null | undefined;
};

export type OrganizationsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: OrganizationsFilter | null | undefined;
  msp?: string | null | undefined;
}>;


export type OrganizationsQuery = { organizations: { totalCount: number, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, name: string, plan: string, licenseType: LicenseType, management: Management, isClosed: boolean, licenses: number | null, servers: number | null, mapping: { companyName: string | null, agreementName: string | null, excludedBecause: string | null } | null }> } };

export type OrganizationsThenQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  at: string;
  msp?: string | null | undefined;
}>;


export type OrganizationsThenQuery = { connectionAsOf: { organizations: { totalCount: number, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ organization: string, name: string | null, plan: string | null, licenseType: LicenseType | null, management: Management | null, isClosed: boolean | null, companyName: string | null, agreementName: string | null, excludedBecause: string | null, quantities: Array<{ component: Component, counted: number }> }> } } };

export const organizationsQuery: Operation<OrganizationsQuery, OrganizationsQueryVariables> = operation('Organizations', `query Organizations($first: Int!, $after: String, $filter: OrganizationsFilter, $msp: ID) {
  organizations(first: $first, after: $after, filter: $filter, msp: $msp) {
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
      name
      plan
      licenseType
      management
      isClosed
      licenses
      servers
      mapping {
        companyName
        agreementName
        excludedBecause
      }
    }
  }
}`);

export const organizationsThenQuery: Operation<OrganizationsThenQuery, OrganizationsThenQueryVariables> = operation('OrganizationsThen', `query OrganizationsThen($first: Int!, $after: String, $at: DateTime!, $msp: ID) {
  connectionAsOf(at: $at, msp: $msp) {
    organizations(first: $first, after: $after) {
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
        organization
        name
        plan
        licenseType
        management
        isClosed
        quantities {
          component
          counted
        }
        companyName
        agreementName
        excludedBecause
      }
    }
  }
}`);
