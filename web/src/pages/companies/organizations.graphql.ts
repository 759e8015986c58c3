// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type ExcludeOrganizationItem = {
  organization: string;
  reason: string;
};

export type ExcludeOrganizationsInput = {
  items: Array<ExcludeOrganizationItem>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type IncludeOrganizationsInput = {
  organizations: Array<string>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

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


export type OrganizationsQuery = { organizations: { totalCount: number, nodes: Array<{ id: string, name: string, plan: string, licenses: number | null, servers: number | null, licenseType: LicenseType, management: Management, isClosed: boolean, mapping: { company: number | null, companyName: string | null, agreement: number | null, agreementName: string | null, mappedAt: string | null, excludedBecause: string | null } | null }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ExcludeOrganizationsMutationVariables = Exact<{
  input: ExcludeOrganizationsInput;
}>;


export type ExcludeOrganizationsMutation = { excludeOrganizations:
    | { __typename: 'MappingsChanged', answers: Array<{ organization: string, outcome:
          | { __typename: 'MappingChanged', organization: string }
          | { __typename: 'UnknownOrganization', message: string }
          | { __typename: 'OrganizationExists', message: string }
          | { __typename: 'UnknownPlan', message: string }
          | { __typename: 'OrganizationIsSelfManaged', message: string }
          | { __typename: 'OrganizationIsExcluded', message: string }
          | { __typename: 'AlreadyMapped', message: string }
          | { __typename: 'NotMapped', message: string }
          | { __typename: 'UnknownCompany', message: string }
          | { __typename: 'UnknownAgreement', message: string }
          | { __typename: 'AgreementOfAnotherCompany', message: string }
          | { __typename: 'AgreementHasEnded', message: string }
          | { __typename: 'InvalidInput', message: string }
         }> }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type IncludeOrganizationsMutationVariables = Exact<{
  input: IncludeOrganizationsInput;
}>;


export type IncludeOrganizationsMutation = { includeOrganizations:
    | { __typename: 'MappingsChanged', answers: Array<{ organization: string, outcome:
          | { __typename: 'MappingChanged', organization: string }
          | { __typename: 'UnknownOrganization', message: string }
          | { __typename: 'OrganizationExists', message: string }
          | { __typename: 'UnknownPlan', message: string }
          | { __typename: 'OrganizationIsSelfManaged', message: string }
          | { __typename: 'OrganizationIsExcluded', message: string }
          | { __typename: 'AlreadyMapped', message: string }
          | { __typename: 'NotMapped', message: string }
          | { __typename: 'UnknownCompany', message: string }
          | { __typename: 'UnknownAgreement', message: string }
          | { __typename: 'AgreementOfAnotherCompany', message: string }
          | { __typename: 'AgreementHasEnded', message: string }
          | { __typename: 'InvalidInput', message: string }
         }> }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const organizationsQuery: Operation<OrganizationsQuery, OrganizationsQueryVariables> = operation('Organizations', `query Organizations($first: Int!, $after: String, $filter: OrganizationsFilter, $msp: ID) {
  organizations(first: $first, after: $after, filter: $filter, msp: $msp) {
    nodes {
      id
      name
      plan
      licenses
      servers
      licenseType
      management
      isClosed
      mapping {
        company
        companyName
        agreement
        agreementName
        mappedAt
        excludedBecause
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
}`);

export const excludeOrganizationsMutation: Operation<ExcludeOrganizationsMutation, ExcludeOrganizationsMutationVariables> = operation('ExcludeOrganizations', `mutation ExcludeOrganizations($input: ExcludeOrganizationsInput!) {
  excludeOrganizations(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on MappingsChanged {
      answers {
        organization
        outcome {
          __typename
          ... on Refusal {
            message
          }
          ... on MappingChanged {
            organization
          }
        }
      }
    }
  }
}`);

export const includeOrganizationsMutation: Operation<IncludeOrganizationsMutation, IncludeOrganizationsMutationVariables> = operation('IncludeOrganizations', `mutation IncludeOrganizations($input: IncludeOrganizationsInput!) {
  includeOrganizations(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on MappingsChanged {
      answers {
        organization
        outcome {
          __typename
          ... on Refusal {
            message
          }
          ... on MappingChanged {
            organization
          }
        }
      }
    }
  }
}`);
