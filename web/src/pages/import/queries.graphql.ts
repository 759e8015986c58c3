// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Ids of company types and statuses; without any, all companies. */
export type ImportCompaniesInput = {
  types?: Array<number>;
  statuses?: Array<number>;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type RunKind =
  | 'PREVIEW'
  | 'OVERWRITE'
  | 'FINAL'
  | 'UNDO'
  | 'IMPORT';

export type RunStatus =
  | 'REQUESTED'
  | 'RUNNING'
  | 'CANCELLED'
  | 'FINISHED';

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type ImportChoicesQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type ImportChoicesQuery = { psaCompanyTypes: Array<{ id: number, name: string, isInactive: boolean }>, psaCompanyStatuses: Array<{ id: number, name: string, isInactive: boolean }> };

export type ImportCountsQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type ImportCountsQuery = { psaCompanyTypes: Array<{ id: number, companies: number }>, psaCompanyStatuses: Array<{ id: number, companies: number }> };

export type ImportCountQueryVariables = Exact<{
  types?: Array<number> | number | null | undefined;
  statuses?: Array<number> | number | null | undefined;
  msp?: string | null | undefined;
}>;


export type ImportCountQuery = { psaCompanyCount: number };

export type LastImportQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type LastImportQuery = { psaConnection: { status: Status, lastImport: { run: string, types: Array<number>, statuses: Array<number>, companies: number, agreements: number, new: number, changed: number, gone: number, vanished: number, finishedAt: string | null } | null } };

export type ImportRunQueryVariables = Exact<{
  run: string;
  msp?: string | null | undefined;
}>;


export type ImportRunQuery = { run: { id: string, kind: RunKind, status: RunStatus, requestedBy: string | null, requestedAt: string, finishedAt: string | null, problem: string | null, progress: Array<{ state: string, count: number }>, vanished: Array<{ organization: string, companyName: string | null, agreementName: string | null }> } | null };

export type ImportCompaniesMutationVariables = Exact<{
  input: ImportCompaniesInput;
}>;


export type ImportCompaniesMutation = { importCompanies:
    | { __typename: 'RunAccepted', joined: boolean, run: { id: string } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const importChoicesQuery: Operation<ImportChoicesQuery, ImportChoicesQueryVariables> = operation('ImportChoices', `query ImportChoices($msp: ID) {
  psaCompanyTypes(msp: $msp) {
    id
    name
    isInactive
  }
  psaCompanyStatuses(msp: $msp) {
    id
    name
    isInactive
  }
}`);

export const importCountsQuery: Operation<ImportCountsQuery, ImportCountsQueryVariables> = operation('ImportCounts', `query ImportCounts($msp: ID) {
  psaCompanyTypes(msp: $msp) {
    id
    companies
  }
  psaCompanyStatuses(msp: $msp) {
    id
    companies
  }
}`);

export const importCountQuery: Operation<ImportCountQuery, ImportCountQueryVariables> = operation('ImportCount', `query ImportCount($types: [Int!], $statuses: [Int!], $msp: ID) {
  psaCompanyCount(types: $types, statuses: $statuses, msp: $msp)
}`);

export const lastImportQuery: Operation<LastImportQuery, LastImportQueryVariables> = operation('LastImport', `query LastImport($msp: ID) {
  psaConnection(msp: $msp) {
    status
    lastImport {
      run
      types
      statuses
      companies
      agreements
      new
      changed
      gone
      vanished
      finishedAt
    }
  }
}`);

export const importRunQuery: Operation<ImportRunQuery, ImportRunQueryVariables> = operation('ImportRun', `query ImportRun($run: ID!, $msp: ID) {
  run(id: $run, msp: $msp) {
    id
    kind
    status
    requestedBy
    requestedAt
    finishedAt
    problem
    progress {
      state
      count
    }
    vanished {
      organization
      companyName
      agreementName
    }
  }
}`);

export const importCompaniesMutation: Operation<ImportCompaniesMutation, ImportCompaniesMutationVariables> = operation('ImportCompanies', `mutation ImportCompanies($input: ImportCompaniesInput!) {
  importCompanies(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on RunAccepted {
      joined
      run {
        id
      }
    }
  }
}`);
