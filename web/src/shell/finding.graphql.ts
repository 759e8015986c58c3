// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What an id is the id of. */
export type FoundKind =
  | 'FACT'
  | 'CHANGE'
  | 'ORGANIZATION'
  | 'RUN'
  | 'PUSH'
  | 'REQUEST'
  | 'AGREEMENT'
  | 'PRODUCT';

export type FindingQueryVariables = Exact<{
  text: string;
  id: string;
  msp?: string | null | undefined;
}>;


export type FindingQuery = { organizations: { nodes: Array<{ id: string, name: string, plan: string, mapping: { companyName: string | null } | null }> }, companies: { nodes: Array<{ id: number, identifier: string, name: string, status: string | null }> }, find: Array<{ kind: FoundKind, id: string, entry: { id: string, factType: string, organization: string | null, run: string | null } }> };

export const findingQuery: Operation<FindingQuery, FindingQueryVariables> = operation('Finding', `query Finding($text: String!, $id: ID!, $msp: ID) {
  organizations(first: 10, filter: { search: $text }, msp: $msp) {
    nodes {
      id
      name
      plan
      mapping {
        companyName
      }
    }
  }
  companies(first: 10, filter: { search: $text }, msp: $msp) {
    nodes {
      id
      identifier
      name
      status
    }
  }
  find(id: $id, msp: $msp) {
    kind
    id
    entry {
      id
      factType
      organization
      run
    }
  }
}`);
