// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type SetupStepsQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type SetupStepsQuery = { psaConnection: { status: Status, siteUrl: string | null, companyId: string | null, companyName: string | null, keyHint: string | null, connectedAt: string | null, isConfirmed: boolean, lastImport: { finishedAt: string | null } | null }, organizations: { counts: Array<{ state: string, count: number }> } };

export const setupStepsQuery: Operation<SetupStepsQuery, SetupStepsQueryVariables> = operation('SetupSteps', `query SetupSteps($msp: ID) {
  psaConnection(msp: $msp) {
    status
    siteUrl
    companyId
    companyName
    keyHint
    connectedAt
    isConfirmed
    lastImport {
      finishedAt
    }
  }
  organizations(first: 1, msp: $msp) {
    counts {
      state
      count
    }
  }
}`);
