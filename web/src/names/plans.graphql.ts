// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type PlansQueryVariables = Exact<{ [key: string]: never; }>;


export type PlansQuery = { productLines: Array<{ plans: Array<{ id: string, name: string }> }> };

export const plansQuery: Operation<PlansQuery, PlansQueryVariables> = operation('Plans', `query Plans {
  productLines {
    plans {
      id
      name
    }
  }
}`);
