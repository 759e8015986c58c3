// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Component =
  | 'LICENSE'
  | 'SERVER';

export type ConnectionInput = {
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type CreateProductInput = {
  identifier: string;
  description: string;
  subcategory: number;
  type: number;
  customerDescription?: string | null | undefined;
  price?: string | null | undefined;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type LeftBehind =
  | 'UNTOUCHED'
  | 'ZERO';

export type LineAction =
  | 'CREATE'
  | 'WRITE'
  | 'VERIFY'
  | 'HOLD'
  | 'REFUSE';

/** `leftBehind` is for additions that a remapping leaves. */
export type MapProductInput = {
  plan: string;
  component: Component;
  product: number;
  leftBehind?: LeftBehind;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

/** Without `product` the plan's component would be unmapped. */
export type PreviewProductMappingInput = {
  plan: string;
  component: Component;
  product?: number | null | undefined;
  leftBehind?: LeftBehind | null | undefined;
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

export type Rule =
  | 'CURRENT'
  | 'PEAK'
  | 'AVERAGE';

/** Rule and minimum belong to the product: all plan components mapped to it share them. */
export type SetProductRuleInput = {
  product: number;
  rule: Rule;
  minimum?: number;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

/** `leftBehind` is for additions that nothing bills any more. */
export type UnmapProductInput = {
  plan: string;
  component: Component;
  leftBehind?: LeftBehind;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type ProductsQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type ProductsQuery = { productLines: Array<{ id: string, name: string, plans: Array<{ id: string, name: string, components: Array<Component> }> }>, psaConnection: { status: Status, isConfirmed: boolean, siteUrl: string | null, productMappings: Array<{ plan: string, component: Component, product: number, identifier: string, description: string, rule: Rule, minimum: number, agreements: number | null }>, missingProducts: Array<{ plan: string, component: Component }> } };

export type ProductsAsOfQueryVariables = Exact<{
  msp?: string | null | undefined;
  at: string;
}>;


export type ProductsAsOfQuery = { productLines: Array<{ id: string, name: string, plans: Array<{ id: string, name: string, components: Array<Component> }> }>, connectionAsOf: { status: Status, isConfirmed: boolean, siteUrl: string | null, productMappings: Array<{ plan: string, component: Component, product: number, identifier: string, description: string, rule: Rule, minimum: number, agreements: number | null }> } };

export type SearchProductsQueryVariables = Exact<{
  search: string;
  msp?: string | null | undefined;
}>;


export type SearchProductsQuery = { psaProducts: Array<{ id: number, identifier: string, description: string, productClass: string | null, price: string | null, isInactive: boolean, link: string }> };

export type ProductSetupQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type ProductSetupQuery = { psaProductSetup: { categories: Array<{ id: number, name: string, isInactive: boolean }>, subcategories: Array<{ id: number, name: string, category: number, isInactive: boolean }>, types: Array<{ id: number, name: string, isInactive: boolean }> } };

export type CreateProductMutationVariables = Exact<{
  input: CreateProductInput;
}>;


export type CreateProductMutation = { createProduct:
    | { __typename: 'ProductMade', product: number, identifier: string, description: string }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'IdentifierTaken', message: string }
    | { __typename: 'InvalidInput', message: string, field: string, reason: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
    | { __typename: 'SiteRefused', message: string }
    | { __typename: 'WrongSite', message: string }
    | { __typename: 'UnknownLoginCompany', message: string }
    | { __typename: 'WrongKeys', message: string }
    | { __typename: 'ClientIdRefused', message: string }
    | { __typename: 'RightsMissing', message: string, rights: Array<{ name: string, module: string, level: string, menuPath: string }> }
    | { __typename: 'PsaRecordNotFound', message: string }
    | { __typename: 'PsaRefusedRequest', message: string, reasons: Array<string> }
    | { __typename: 'PsaUnreachable', message: string }
    | { __typename: 'ThrottledByPsa', message: string }
    | { __typename: 'IdentifierChanged', message: string }
    | { __typename: 'PsaOutcomeUnknown', message: string }
   };

export type PreviewProductMappingMutationVariables = Exact<{
  input: PreviewProductMappingInput;
}>;


export type PreviewProductMappingMutation = { previewProductMapping:
    | { __typename: 'ProductMappingPreviewed', agreements: number, money: string, lines: Array<{ agreement: number, product: number, identifier: string | null, kind: PushKind | null, action: LineAction, found: string | null, wrote: string | null, wanted: string, target: string | null, leaving: Array<string>, leftBehind: LeftBehind | null, money: string | null, problem: Problem | null, detail: string | null, contributions: Array<{ organization: string, name: string, quantity: string, arrives: boolean }> }> }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'UnknownPlan', message: string }
    | { __typename: 'PlanLacksComponent', message: string }
    | { __typename: 'UnknownProduct', message: string }
    | { __typename: 'ProductIsInactive', message: string }
    | { __typename: 'ProductIsBundle', message: string }
    | { __typename: 'ProductNotMapped', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
    | { __typename: 'SiteRefused', message: string }
    | { __typename: 'WrongSite', message: string }
    | { __typename: 'UnknownLoginCompany', message: string }
    | { __typename: 'WrongKeys', message: string }
    | { __typename: 'ClientIdRefused', message: string }
    | { __typename: 'RightsMissing', message: string }
    | { __typename: 'PsaRecordNotFound', message: string }
    | { __typename: 'PsaRefusedRequest', message: string }
    | { __typename: 'PsaUnreachable', message: string }
    | { __typename: 'ThrottledByPsa', message: string }
   };

export type ProductLineFragment = { agreement: number, product: number, identifier: string | null, kind: PushKind | null, action: LineAction, found: string | null, wrote: string | null, wanted: string, target: string | null, leaving: Array<string>, leftBehind: LeftBehind | null, money: string | null, problem: Problem | null, detail: string | null, contributions: Array<{ organization: string, name: string, quantity: string, arrives: boolean }> };

export type MapProductMutationVariables = Exact<{
  input: MapProductInput;
}>;


export type MapProductMutation = { mapProduct:
    | { __typename: 'ConnectionChanged', connection: { status: Status } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'UnknownPlan', message: string }
    | { __typename: 'PlanLacksComponent', message: string }
    | { __typename: 'UnknownProduct', message: string }
    | { __typename: 'ProductIsInactive', message: string }
    | { __typename: 'ProductIsBundle', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
    | { __typename: 'SiteRefused', message: string }
    | { __typename: 'WrongSite', message: string }
    | { __typename: 'UnknownLoginCompany', message: string }
    | { __typename: 'WrongKeys', message: string }
    | { __typename: 'ClientIdRefused', message: string }
    | { __typename: 'RightsMissing', message: string }
    | { __typename: 'PsaRecordNotFound', message: string }
    | { __typename: 'PsaRefusedRequest', message: string }
    | { __typename: 'PsaUnreachable', message: string }
    | { __typename: 'ThrottledByPsa', message: string }
   };

export type UnmapProductMutationVariables = Exact<{
  input: UnmapProductInput;
}>;


export type UnmapProductMutation = { unmapProduct:
    | { __typename: 'ConnectionChanged', connection: { status: Status } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'ProductNotMapped', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type SetProductRuleMutationVariables = Exact<{
  input: SetProductRuleInput;
}>;


export type SetProductRuleMutation = { setProductRule:
    | { __typename: 'ConnectionChanged', connection: { status: Status } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'UnknownProduct', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type ConfirmProductMappingMutationVariables = Exact<{
  input: ConnectionInput;
}>;


export type ConfirmProductMappingMutation = { confirmProductMapping:
    | { __typename: 'ConnectionChanged', connection: { status: Status } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'ProductMappingIncomplete', message: string, missing: Array<{ plan: string, component: Component }> }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const productsQuery: Operation<ProductsQuery, ProductsQueryVariables> = operation('Products', `query Products($msp: ID) {
  productLines {
    id
    name
    plans {
      id
      name
      components
    }
  }
  psaConnection(msp: $msp) {
    status
    isConfirmed
    siteUrl
    productMappings {
      plan
      component
      product
      identifier
      description
      rule
      minimum
      agreements
    }
    missingProducts {
      plan
      component
    }
  }
}`);

export const productsAsOfQuery: Operation<ProductsAsOfQuery, ProductsAsOfQueryVariables> = operation('ProductsAsOf', `query ProductsAsOf($msp: ID, $at: DateTime!) {
  productLines {
    id
    name
    plans {
      id
      name
      components
    }
  }
  connectionAsOf(at: $at, msp: $msp) {
    status
    isConfirmed
    siteUrl
    productMappings {
      plan
      component
      product
      identifier
      description
      rule
      minimum
      agreements
    }
  }
}`);

export const searchProductsQuery: Operation<SearchProductsQuery, SearchProductsQueryVariables> = operation('SearchProducts', `query SearchProducts($search: String!, $msp: ID) {
  psaProducts(search: $search, first: 25, msp: $msp) {
    id
    identifier
    description
    productClass
    price
    isInactive
    link
  }
}`);

export const productSetupQuery: Operation<ProductSetupQuery, ProductSetupQueryVariables> = operation('ProductSetup', `query ProductSetup($msp: ID) {
  psaProductSetup(msp: $msp) {
    categories {
      id
      name
      isInactive
    }
    subcategories {
      id
      name
      category
      isInactive
    }
    types {
      id
      name
      isInactive
    }
  }
}`);

export const createProductMutation: Operation<CreateProductMutation, CreateProductMutationVariables> = operation('CreateProduct', `mutation CreateProduct($input: CreateProductInput!) {
  createProduct(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on InvalidInput {
      field
      reason
    }
    ... on RightsMissing {
      rights {
        name
        module
        level
        menuPath
      }
    }
    ... on PsaRefusedRequest {
      reasons
    }
    ... on ProductMade {
      product
      identifier
      description
    }
  }
}`);

export const previewProductMappingMutation: Operation<PreviewProductMappingMutation, PreviewProductMappingMutationVariables> = operation('PreviewProductMapping', `mutation PreviewProductMapping($input: PreviewProductMappingInput!) {
  previewProductMapping(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on ProductMappingPreviewed {
      agreements
      money
      lines {
        ...ProductLine
      }
    }
  }
}

fragment ProductLine on PreviewedLine {
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

export const mapProductMutation: Operation<MapProductMutation, MapProductMutationVariables> = operation('MapProduct', `mutation MapProduct($input: MapProductInput!) {
  mapProduct(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on ConnectionChanged {
      connection {
        status
      }
    }
  }
}`);

export const unmapProductMutation: Operation<UnmapProductMutation, UnmapProductMutationVariables> = operation('UnmapProduct', `mutation UnmapProduct($input: UnmapProductInput!) {
  unmapProduct(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on ConnectionChanged {
      connection {
        status
      }
    }
  }
}`);

export const setProductRuleMutation: Operation<SetProductRuleMutation, SetProductRuleMutationVariables> = operation('SetProductRule', `mutation SetProductRule($input: SetProductRuleInput!) {
  setProductRule(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on ConnectionChanged {
      connection {
        status
      }
    }
  }
}`);

export const confirmProductMappingMutation: Operation<ConfirmProductMappingMutation, ConfirmProductMappingMutationVariables> = operation('ConfirmProductMapping', `mutation ConfirmProductMapping($input: ConnectionInput!) {
  confirmProductMapping(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on ProductMappingIncomplete {
      missing {
        plan
        component
      }
    }
    ... on ConnectionChanged {
      connection {
        status
      }
    }
  }
}`);
