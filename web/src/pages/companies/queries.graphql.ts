// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** `types` and `statuses` are names as ConnectWise shows them. */
export type CompaniesFilter = {
  search?: string | null | undefined;
  types?: Array<string> | null | undefined;
  statuses?: Array<string> | null | undefined;
  isMapped?: boolean | null | undefined;
};

export type LicenseType =
  | 'PAID'
  | 'TRIAL'
  | 'NFR';

export type Likeness =
  | 'EXACT'
  | 'SPELLING'
  | 'LEGAL_FORM'
  | 'CLOSE';

export type Management =
  | 'MSP'
  | 'SELF';

/** `search` looks in the organization's name. */
export type MappingSuggestionsFilter = {
  search?: string | null | undefined;
  likeness?: Likeness | null | undefined;
  isAmbiguous?: boolean | null | undefined;
};

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type AgreementFragment = { id: number, name: string, status: string | null, type: string | null, billingCycle: string | null, hasEnded: boolean, link: string };

export type CompanyFragment = { id: number, identifier: string, name: string, status: string | null, types: Array<string>, isGone: boolean, link: string, agreements: Array<{ id: number, name: string, status: string | null, type: string | null, billingCycle: string | null, hasEnded: boolean, link: string }>, mappings: Array<{ organization: string, agreement: number | null, agreementName: string | null, mappedAt: string | null }> };

export type CompaniesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: CompaniesFilter | null | undefined;
  msp?: string | null | undefined;
}>;


export type CompaniesQuery = { companies: { totalCount: number, nodes: Array<{ id: number, identifier: string, name: string, status: string | null, types: Array<string>, isGone: boolean, link: string, agreements: Array<{ id: number, name: string, status: string | null, type: string | null, billingCycle: string | null, hasEnded: boolean, link: string }>, mappings: Array<{ organization: string, agreement: number | null, agreementName: string | null, mappedAt: string | null }> }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type SuggestionsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: MappingSuggestionsFilter | null | undefined;
  msp?: string | null | undefined;
}>;


export type SuggestionsQuery = { mappingSuggestions: { totalCount: number, nodes: Array<{ likeness: Likeness, score: number, reason: string, isAmbiguous: boolean, isPreselected: boolean, preselectedAgreement: number | null, organization: { id: string, name: string, plan: string, licenses: number | null, servers: number | null }, company: { id: number, identifier: string, name: string, status: string | null, types: Array<string>, isGone: boolean, link: string, agreements: Array<{ id: number, name: string, status: string | null, type: string | null, billingCycle: string | null, hasEnded: boolean, link: string }>, mappings: Array<{ organization: string, agreement: number | null, agreementName: string | null, mappedAt: string | null }> } }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CompaniesHeadQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type CompaniesHeadQuery = { psaConnection: { status: Status, lastImport: { finishedAt: string | null } | null }, productLines: Array<{ name: string, plans: Array<{ id: string, name: string }> }> };

export type CompanyCountsQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type CompanyCountsQuery = { all: { totalCount: number, counts: Array<{ state: string, count: number }> }, mapped: { totalCount: number }, suggested: { totalCount: number } };

export type FindOrganizationsQueryVariables = Exact<{
  search?: string | null | undefined;
  msp?: string | null | undefined;
}>;


export type FindOrganizationsQuery = { organizations: { nodes: Array<{ id: string, name: string, plan: string, licenses: number | null, servers: number | null, licenseType: LicenseType, management: Management, mapping: { companyName: string | null, agreementName: string | null, excludedBecause: string | null } | null }> } };

export const companiesQuery: Operation<CompaniesQuery, CompaniesQueryVariables> = operation('Companies', `fragment Agreement on PsaAgreement {
  id
  name
  status
  type
  billingCycle
  hasEnded
  link
}

fragment Company on PsaCompany {
  id
  identifier
  name
  status
  types
  isGone
  link
  agreements {
    ...Agreement
  }
  mappings {
    organization
    agreement
    agreementName
    mappedAt
  }
}

query Companies($first: Int!, $after: String, $filter: CompaniesFilter, $msp: ID) {
  companies(first: $first, after: $after, filter: $filter, msp: $msp) {
    nodes {
      ...Company
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

export const suggestionsQuery: Operation<SuggestionsQuery, SuggestionsQueryVariables> = operation('Suggestions', `fragment Agreement on PsaAgreement {
  id
  name
  status
  type
  billingCycle
  hasEnded
  link
}

fragment Company on PsaCompany {
  id
  identifier
  name
  status
  types
  isGone
  link
  agreements {
    ...Agreement
  }
  mappings {
    organization
    agreement
    agreementName
    mappedAt
  }
}

query Suggestions($first: Int!, $after: String, $filter: MappingSuggestionsFilter, $msp: ID) {
  mappingSuggestions(first: $first, after: $after, filter: $filter, msp: $msp) {
    nodes {
      organization {
        id
        name
        plan
        licenses
        servers
      }
      company {
        ...Company
      }
      likeness
      score
      reason
      isAmbiguous
      isPreselected
      preselectedAgreement
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

export const companiesHeadQuery: Operation<CompaniesHeadQuery, CompaniesHeadQueryVariables> = operation('CompaniesHead', `query CompaniesHead($msp: ID) {
  psaConnection(msp: $msp) {
    status
    lastImport {
      finishedAt
    }
  }
  productLines {
    name
    plans {
      id
      name
    }
  }
}`);

export const companyCountsQuery: Operation<CompanyCountsQuery, CompanyCountsQueryVariables> = operation('CompanyCounts', `query CompanyCounts($msp: ID) {
  all: companies(first: 1, msp: $msp) {
    totalCount
    counts {
      state
      count
    }
  }
  mapped: companies(first: 1, filter: { isMapped: true }, msp: $msp) {
    totalCount
  }
  suggested: mappingSuggestions(first: 1, msp: $msp) {
    totalCount
  }
}`);

export const findOrganizationsQuery: Operation<FindOrganizationsQuery, FindOrganizationsQueryVariables> = operation('FindOrganizations', `query FindOrganizations($search: String, $msp: ID) {
  organizations(
    first: 25
    filter: { search: $search, isClosed: false }
    msp: $msp
  ) {
    nodes {
      id
      name
      plan
      licenses
      servers
      licenseType
      management
      mapping {
        companyName
        agreementName
        excludedBecause
      }
    }
  }
}`);
