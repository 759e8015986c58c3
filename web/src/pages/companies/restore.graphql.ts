// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Component =
  | 'LICENSE'
  | 'SERVER';

export type PlanComponentInput = {
  plan: string;
  component: Component;
};

/** Without `products` or `organizations` all that are offered; an empty list means none. */
export type RestoreMappingsInput = {
  products?: Array<PlanComponentInput> | null | undefined;
  organizations?: Array<string> | null | undefined;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type RestorableQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type RestorableQuery = { restorableMappings: { products: Array<{ plan: string, component: Component, identifier: string, canBeRestored: boolean, whyNot:
        | { __typename: 'AgreementHasEnded', message: string }
        | { __typename: 'AgreementIsGone', message: string }
        | { __typename: 'AgreementOfAnotherCompany', message: string }
        | { __typename: 'AlreadyConnected', message: string }
        | { __typename: 'AlreadyMapped', message: string }
        | { __typename: 'ChangeIdReused', message: string }
        | { __typename: 'ClientIdRefused', message: string }
        | { __typename: 'CompanyIsGone', message: string }
        | { __typename: 'ConnectionIsNotActive', message: string }
        | { __typename: 'DifferentTenant', message: string }
        | { __typename: 'EffectiveBeforeCreation', message: string }
        | { __typename: 'EffectiveInFuture', message: string }
        | { __typename: 'IdempotencyKeyReused', message: string }
        | { __typename: 'IdentifierChanged', message: string }
        | { __typename: 'IdentifierTaken', message: string }
        | { __typename: 'InvalidInput', message: string }
        | { __typename: 'MonthHasNotBegun', message: string }
        | { __typename: 'MonthIsNotClosed', message: string }
        | { __typename: 'NotConnected', message: string }
        | { __typename: 'NotHeld', message: string }
        | { __typename: 'NotMapped', message: string }
        | { __typename: 'NothingToRestore', message: string }
        | { __typename: 'NothingToRetry', message: string }
        | { __typename: 'NumbersMoved', message: string }
        | { __typename: 'OrganizationExists', message: string }
        | { __typename: 'OrganizationIsClosed', message: string }
        | { __typename: 'OrganizationIsExcluded', message: string }
        | { __typename: 'OrganizationIsSelfManaged', message: string }
        | { __typename: 'PlanLacksComponent', message: string }
        | { __typename: 'PreviewIsOutdated', message: string }
        | { __typename: 'ProductIsBundle', message: string }
        | { __typename: 'ProductIsInactive', message: string }
        | { __typename: 'ProductMappingIncomplete', message: string }
        | { __typename: 'ProductNotMapped', message: string }
        | { __typename: 'PsaOutcomeUnknown', message: string }
        | { __typename: 'PsaRecordNotFound', message: string }
        | { __typename: 'PsaRefusedRequest', message: string }
        | { __typename: 'PsaUnreachable', message: string }
        | { __typename: 'QuantityBelowZero', message: string }
        | { __typename: 'RightsMissing', message: string }
        | { __typename: 'RunCannotBeUndone', message: string }
        | { __typename: 'RunIsOver', message: string }
        | { __typename: 'SiteRefused', message: string }
        | { __typename: 'ThrottledByPsa', message: string }
        | { __typename: 'UnknownAddition', message: string }
        | { __typename: 'UnknownAgreement', message: string }
        | { __typename: 'UnknownCompany', message: string }
        | { __typename: 'UnknownLoginCompany', message: string }
        | { __typename: 'UnknownOrganization', message: string }
        | { __typename: 'UnknownPlan', message: string }
        | { __typename: 'UnknownProduct', message: string }
        | { __typename: 'UnknownRun', message: string }
        | { __typename: 'WrongKeys', message: string }
        | { __typename: 'WrongSite', message: string }
       | null }>, organizations: { totalCount: number, nodes: Array<{ organization: string, organizationName: string, companyName: string, agreementName: string, canBeRestored: boolean, whyNot:
          | { __typename: 'AgreementHasEnded', message: string }
          | { __typename: 'AgreementIsGone', message: string }
          | { __typename: 'AgreementOfAnotherCompany', message: string }
          | { __typename: 'AlreadyConnected', message: string }
          | { __typename: 'AlreadyMapped', message: string }
          | { __typename: 'ChangeIdReused', message: string }
          | { __typename: 'ClientIdRefused', message: string }
          | { __typename: 'CompanyIsGone', message: string }
          | { __typename: 'ConnectionIsNotActive', message: string }
          | { __typename: 'DifferentTenant', message: string }
          | { __typename: 'EffectiveBeforeCreation', message: string }
          | { __typename: 'EffectiveInFuture', message: string }
          | { __typename: 'IdempotencyKeyReused', message: string }
          | { __typename: 'IdentifierChanged', message: string }
          | { __typename: 'IdentifierTaken', message: string }
          | { __typename: 'InvalidInput', message: string }
          | { __typename: 'MonthHasNotBegun', message: string }
          | { __typename: 'MonthIsNotClosed', message: string }
          | { __typename: 'NotConnected', message: string }
          | { __typename: 'NotHeld', message: string }
          | { __typename: 'NotMapped', message: string }
          | { __typename: 'NothingToRestore', message: string }
          | { __typename: 'NothingToRetry', message: string }
          | { __typename: 'NumbersMoved', message: string }
          | { __typename: 'OrganizationExists', message: string }
          | { __typename: 'OrganizationIsClosed', message: string }
          | { __typename: 'OrganizationIsExcluded', message: string }
          | { __typename: 'OrganizationIsSelfManaged', message: string }
          | { __typename: 'PlanLacksComponent', message: string }
          | { __typename: 'PreviewIsOutdated', message: string }
          | { __typename: 'ProductIsBundle', message: string }
          | { __typename: 'ProductIsInactive', message: string }
          | { __typename: 'ProductMappingIncomplete', message: string }
          | { __typename: 'ProductNotMapped', message: string }
          | { __typename: 'PsaOutcomeUnknown', message: string }
          | { __typename: 'PsaRecordNotFound', message: string }
          | { __typename: 'PsaRefusedRequest', message: string }
          | { __typename: 'PsaUnreachable', message: string }
          | { __typename: 'QuantityBelowZero', message: string }
          | { __typename: 'RightsMissing', message: string }
          | { __typename: 'RunCannotBeUndone', message: string }
          | { __typename: 'RunIsOver', message: string }
          | { __typename: 'SiteRefused', message: string }
          | { __typename: 'ThrottledByPsa', message: string }
          | { __typename: 'UnknownAddition', message: string }
          | { __typename: 'UnknownAgreement', message: string }
          | { __typename: 'UnknownCompany', message: string }
          | { __typename: 'UnknownLoginCompany', message: string }
          | { __typename: 'UnknownOrganization', message: string }
          | { __typename: 'UnknownPlan', message: string }
          | { __typename: 'UnknownProduct', message: string }
          | { __typename: 'UnknownRun', message: string }
          | { __typename: 'WrongKeys', message: string }
          | { __typename: 'WrongSite', message: string }
         | null }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } };

export type RestoreMappingsMutationVariables = Exact<{
  input: RestoreMappingsInput;
}>;


export type RestoreMappingsMutation = { restoreMappings:
    | { __typename: 'MappingsRestored', products: Array<{ plan: string, component: Component, outcome:
          | { __typename: 'ProductRestored', product: number }
          | { __typename: 'ProductNotMapped', message: string }
          | { __typename: 'UnknownProduct', message: string }
          | { __typename: 'ProductIsInactive', message: string }
          | { __typename: 'ProductIsBundle', message: string }
         }>, answers: Array<{ organization: string, outcome:
          | { __typename: 'MappingChanged', organization: string }
          | { __typename: 'NothingToRestore', message: string }
          | { __typename: 'AlreadyMapped', message: string }
          | { __typename: 'NotMapped', message: string }
          | { __typename: 'OrganizationIsExcluded', message: string }
          | { __typename: 'OrganizationIsSelfManaged', message: string }
          | { __typename: 'CompanyIsGone', message: string }
          | { __typename: 'AgreementIsGone', message: string }
          | { __typename: 'AgreementOfAnotherCompany', message: string }
          | { __typename: 'AgreementHasEnded', message: string }
         }> }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
    | { __typename: 'SiteRefused', message: string }
    | { __typename: 'WrongSite', message: string }
    | { __typename: 'UnknownLoginCompany', message: string }
    | { __typename: 'WrongKeys', message: string }
    | { __typename: 'ClientIdRefused', message: string }
    | { __typename: 'RightsMissing', message: string }
    | { __typename: 'PsaRecordNotFound', message: string }
    | { __typename: 'PsaRefusedRequest', message: string, reasons: Array<string> }
    | { __typename: 'PsaUnreachable', message: string }
    | { __typename: 'ThrottledByPsa', message: string }
   };

export const restorableQuery: Operation<RestorableQuery, RestorableQueryVariables> = operation('Restorable', `query Restorable($msp: ID) {
  restorableMappings(first: 50, msp: $msp) {
    products {
      plan
      component
      identifier
      canBeRestored
      whyNot {
        __typename
        message
      }
    }
    organizations {
      nodes {
        organization
        organizationName
        companyName
        agreementName
        canBeRestored
        whyNot {
          __typename
          message
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

export const restoreMappingsMutation: Operation<RestoreMappingsMutation, RestoreMappingsMutationVariables> = operation('RestoreMappings', `mutation RestoreMappings($input: RestoreMappingsInput!) {
  restoreMappings(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on PsaRefusedRequest {
      reasons
    }
    ... on MappingsRestored {
      products {
        plan
        component
        outcome {
          __typename
          ... on Refusal {
            message
          }
          ... on ProductRestored {
            product
          }
        }
      }
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
