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

export type Component =
  | 'LICENSE'
  | 'SERVER';

/** An organization to create in the same step; the MSP manages it. */
export type CreatedWithMapping = {
  name: string;
  plan: string;
  licenseType?: LicenseType;
};

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

export type LeftBehind =
  | 'UNTOUCHED'
  | 'ZERO';

export type LicenseType =
  | 'PAID'
  | 'TRIAL'
  | 'NFR';

export type Likeness =
  | 'EXACT'
  | 'SPELLING'
  | 'LEGAL_FORM'
  | 'CLOSE';

export type LineAction =
  | 'CREATE'
  | 'WRITE'
  | 'VERIFY'
  | 'HOLD'
  | 'REFUSE';

export type Management =
  | 'MSP'
  | 'SELF';

export type MapCompaniesInput = {
  items: Array<MapCompanyItem>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

/** `organization` may be left out only with `create`. `move` says that it may be mapped elsewhere now; `leftBehind` is for the additions that it was the last on there. */
export type MapCompanyItem = {
  company: number;
  agreement: number;
  organization?: string | null | undefined;
  create?: CreatedWithMapping | null | undefined;
  move?: boolean;
  leftBehind?: LeftBehind;
};

/** `search` looks in the organization's name. */
export type MappingSuggestionsFilter = {
  search?: string | null | undefined;
  likeness?: Likeness | null | undefined;
  isAmbiguous?: boolean | null | undefined;
};

export type OrganizationsFilter = {
  search?: string | null | undefined;
  management?: Management | null | undefined;
  licenseType?: LicenseType | null | undefined;
  isClosed?: boolean | null | undefined;
  isMapped?: boolean | null | undefined;
  isExcluded?: boolean | null | undefined;
};

export type PlanComponentInput = {
  plan: string;
  component: Component;
};

/** Up to 100 items, as `mapCompanies` and `unmapCompanies` will be given them. */
export type PreviewMappingsInput = {
  items?: Array<MapCompanyItem>;
  unmap?: Array<UnmapCompanyItem>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type Problem =
  | 'TWO_RUNNING'
  | 'BELOW_ZERO'
  | 'AGREEMENT_ENDED'
  | 'AGREEMENT_GONE'
  | 'PRODUCT_INACTIVE'
  | 'MISSING_RIGHT'
  | 'RECORD_FORBIDDEN'
  | 'REFUSED_BY_PSA'
  | 'NOT_APPLIED'
  | 'PSA_UNAVAILABLE'
  | 'PRORATED_TWICE'
  | 'NOT_ON_THIS_INVOICE'
  | 'MISSED_MONTH'
  | 'OUTCOME_UNKNOWN'
  | 'ADDITION_LOST'
  | 'CANNOT_UNDO'
  | 'NOTHING_MAPPED'
  | 'NUMBERS_MOVED'
  | 'COMPANY_DELETED'
  | 'FINAL_PENDING';

export type PushKind =
  | 'INITIAL'
  | 'INCREMENTAL'
  | 'OVERWRITE'
  | 'FINAL'
  | 'RELEASE'
  | 'UNDO';

/** Without `products` or `organizations` all that are offered; an empty list means none. */
export type RestoreMappingsInput = {
  products?: Array<PlanComponentInput> | null | undefined;
  organizations?: Array<string> | null | undefined;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type UnmapCompaniesInput = {
  items: Array<UnmapCompanyItem>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type UnmapCompanyItem = {
  organization: string;
  leftBehind?: LeftBehind;
};

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

export type OrganizationsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: OrganizationsFilter | null | undefined;
  msp?: string | null | undefined;
}>;


export type OrganizationsQuery = { organizations: { totalCount: number, nodes: Array<{ id: string, name: string, plan: string, licenses: number | null, servers: number | null, licenseType: LicenseType, management: Management, isClosed: boolean, mapping: { company: number | null, companyName: string | null, agreement: number | null, agreementName: string | null, mappedAt: string | null, excludedBecause: string | null } | null }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CompaniesAsOfQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  at: string;
  msp?: string | null | undefined;
}>;


export type CompaniesAsOfQuery = { connectionAsOf: { status: Status, organizations: { totalCount: number, nodes: Array<{ organization: string, name: string | null, plan: string | null, licenseType: LicenseType | null, company: number | null, companyName: string | null, agreement: number | null, agreementName: string | null, mappedAt: string | null, excludedBecause: string | null, quantities: Array<{ component: Component, counted: number, billed: number }> }>, counts: Array<{ state: string, count: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } };

export type MappingLineFragment = { agreement: number, product: number, identifier: string | null, kind: PushKind | null, action: LineAction, found: string | null, wrote: string | null, wanted: string, target: string | null, leaving: Array<string>, leftBehind: LeftBehind | null, money: string | null, problem: Problem | null, detail: string | null, contributions: Array<{ organization: string, name: string, quantity: string, arrives: boolean }> };

export type PreviewMappingsMutationVariables = Exact<{
  input: PreviewMappingsInput;
}>;


export type PreviewMappingsMutation = { previewMappings:
    | { __typename: 'MappingsPreviewed', month: string, money: string, lines: Array<{ agreement: number, product: number, identifier: string | null, kind: PushKind | null, action: LineAction, found: string | null, wrote: string | null, wanted: string, target: string | null, leaving: Array<string>, leftBehind: LeftBehind | null, money: string | null, problem: Problem | null, detail: string | null, contributions: Array<{ organization: string, name: string, quantity: string, arrives: boolean }> }>, answers: Array<{ organization: string, outcome:
          | { __typename: 'MappingPreviewed', name: string }
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

export type MapCompaniesMutationVariables = Exact<{
  input: MapCompaniesInput;
}>;


export type MapCompaniesMutation = { mapCompanies:
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
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type UnmapCompaniesMutationVariables = Exact<{
  input: UnmapCompaniesInput;
}>;


export type UnmapCompaniesMutation = { unmapCompanies:
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
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

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

export const previewMappingsMutation: Operation<PreviewMappingsMutation, PreviewMappingsMutationVariables> = operation('PreviewMappings', `fragment MappingLine on PreviewedLine {
  agreement
  product
  identifier
  kind
  action
  found
  wrote
  wanted
  target
  leaving
  leftBehind
  money
  problem
  detail
  contributions {
    organization
    name
    quantity
    arrives
  }
}

mutation PreviewMappings($input: PreviewMappingsInput!) {
  previewMappings(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on PsaRefusedRequest {
      reasons
    }
    ... on MappingsPreviewed {
      month
      money
      lines {
        ...MappingLine
      }
      answers {
        organization
        outcome {
          __typename
          ... on Refusal {
            message
          }
          ... on MappingPreviewed {
            name
          }
        }
      }
    }
  }
}`);

export const mapCompaniesMutation: Operation<MapCompaniesMutation, MapCompaniesMutationVariables> = operation('MapCompanies', `mutation MapCompanies($input: MapCompaniesInput!) {
  mapCompanies(input: $input) {
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

export const unmapCompaniesMutation: Operation<UnmapCompaniesMutation, UnmapCompaniesMutationVariables> = operation('UnmapCompanies', `mutation UnmapCompanies($input: UnmapCompaniesInput!) {
  unmapCompanies(input: $input) {
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
