// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** An organization to create in the same step; the MSP manages it. */
export type CreatedWithMapping = {
  name: string;
  plan: string;
  licenseType?: LicenseType;
};

export type LeftBehind =
  | 'UNTOUCHED'
  | 'ZERO';

export type LicenseType =
  | 'PAID'
  | 'TRIAL'
  | 'NFR';

export type LineAction =
  | 'CREATE'
  | 'WRITE'
  | 'VERIFY'
  | 'HOLD'
  | 'REFUSE';

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

export type UnmapCompaniesInput = {
  items: Array<UnmapCompanyItem>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type UnmapCompanyItem = {
  organization: string;
  leftBehind?: LeftBehind;
};

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

export type MappingLineFragment = { agreement: number, product: number, identifier: string | null, kind: PushKind | null, action: LineAction, found: string | null, wrote: string | null, wanted: string, target: string | null, leaving: Array<string>, leftBehind: LeftBehind | null, money: string | null, problem: Problem | null, detail: string | null, contributions: Array<{ organization: string, name: string, quantity: string, arrives: boolean }> };

export const previewMappingsMutation: Operation<PreviewMappingsMutation, PreviewMappingsMutationVariables> = operation('PreviewMappings', `mutation PreviewMappings($input: PreviewMappingsInput!) {
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
}

fragment MappingLine on PreviewedLine {
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
