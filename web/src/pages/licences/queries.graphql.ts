// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type ChangeLicensesInput = {
  changes: Array<LicenseChange>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type Component =
  | 'LICENSE'
  | 'SERVER';

/** Exactly one of `delta` and `quantity`. Without `effectiveAt` it is effective now. */
export type LicenseChange = {
  changeId: string;
  organization: string;
  component: Component;
  delta?: number | null | undefined;
  quantity?: number | null | undefined;
  effectiveAt?: string | null | undefined;
};

export type LicenseType =
  | 'PAID'
  | 'TRIAL'
  | 'NFR';

export type Management =
  | 'MSP'
  | 'SELF';

export type LicenceOrganizationsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  search?: string | null | undefined;
  msp?: string | null | undefined;
}>;


export type LicenceOrganizationsQuery = { organizations: { totalCount: number, nodes: Array<{ id: string, name: string, plan: string, licenses: number | null, servers: number | null, licenseType: LicenseType, management: Management }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ChangeLicensesMutationVariables = Exact<{
  input: ChangeLicensesInput;
}>;


export type ChangeLicensesMutation = { changeLicenses:
    | { __typename: 'LicensesReported', answers: Array<{ changeId: string, outcome:
          | { __typename: 'Recorded', organization: string, component: Component, delta: number, quantity: number, effectiveAt: string, alreadyRecorded: boolean, entryId: string }
          | { __typename: 'UnknownOrganization', message: string }
          | { __typename: 'OrganizationIsClosed', message: string }
          | { __typename: 'PlanLacksComponent', message: string }
          | { __typename: 'QuantityBelowZero', message: string }
          | { __typename: 'EffectiveInFuture', message: string }
          | { __typename: 'EffectiveBeforeCreation', message: string }
          | { __typename: 'ChangeIdReused', message: string }
          | { __typename: 'InvalidInput', message: string, field: string, reason: string }
         }> }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const licenceOrganizationsQuery: Operation<LicenceOrganizationsQuery, LicenceOrganizationsQueryVariables> = operation('LicenceOrganizations', `query LicenceOrganizations($first: Int!, $after: String, $search: String, $msp: ID) {
  organizations(
    first: $first
    after: $after
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

export const changeLicensesMutation: Operation<ChangeLicensesMutation, ChangeLicensesMutationVariables> = operation('ChangeLicenses', `mutation ChangeLicenses($input: ChangeLicensesInput!) {
  changeLicenses(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on LicensesReported {
      answers {
        changeId
        outcome {
          __typename
          ... on Refusal {
            message
          }
          ... on InvalidInput {
            field
            reason
          }
          ... on Recorded {
            organization
            component
            delta
            quantity
            effectiveAt
            alreadyRecorded
            entryId
          }
        }
      }
    }
  }
}`);
