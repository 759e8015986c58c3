// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type NamesQueryVariables = Exact<{
  agreements?: Array<number> | number | null | undefined;
  products?: Array<number> | number | null | undefined;
  organizations?: Array<string> | string | null | undefined;
  msp?: string | null | undefined;
}>;


export type NamesQuery = { names: { agreements: Array<{ agreement: number, name: string | null, company: number | null, companyName: string | null, organizations: Array<{ organization: string, name: string }> }>, products: Array<{ product: number, identifier: string, description: string }>, organizations: Array<{ organization: string, name: string }> } };

export const namesQuery: Operation<NamesQuery, NamesQueryVariables> = operation('Names', `query Names($agreements: [Int!], $products: [Int!], $organizations: [ID!], $msp: ID) {
  names(
    agreements: $agreements
    products: $products
    organizations: $organizations
    msp: $msp
  ) {
    agreements {
      agreement
      name
      company
      companyName
      organizations {
        organization
        name
      }
    }
    products {
      product
      identifier
      description
    }
    organizations {
      organization
      name
    }
  }
}`);
