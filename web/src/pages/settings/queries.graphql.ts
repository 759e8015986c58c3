// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type AttentionReason =
  | 'WRONG_KEYS'
  | 'SITE_UNREACHABLE'
  | 'MISSING_RIGHT';

/** Settings left out stay as they are. */
export type ChangeSettingsInput = {
  driftPolicy?: DriftPolicy | null | undefined;
  holdDays?: number | null | undefined;
  dropGuardPercent?: number | null | undefined;
  dropGuardUnits?: number | null | undefined;
  parallelRequests?: number | null | undefined;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type ConnectionInput = {
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type DriftPolicy =
  | 'OVERWRITE'
  | 'KEEP'
  | 'HOLD';

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type StandingFragment = { status: Status, siteUrl: string | null, companyId: string | null, companyName: string | null, keyHint: string | null, connectedAt: string | null, attention: { reason: AttentionReason, detail: string } | null, settings: { driftPolicy: DriftPolicy, holdDays: number, dropGuardPercent: number, dropGuardUnits: number, parallelRequests: number } };

export type SettingsQueryVariables = Exact<{
  msp?: string | null | undefined;
}>;


export type SettingsQuery = { psaConnection: { status: Status, siteUrl: string | null, companyId: string | null, companyName: string | null, keyHint: string | null, connectedAt: string | null, attention: { reason: AttentionReason, detail: string } | null, settings: { driftPolicy: DriftPolicy, holdDays: number, dropGuardPercent: number, dropGuardUnits: number, parallelRequests: number } }, organizations: { counts: Array<{ state: string, count: number }> }, replaced: { nodes: Array<{ recordedAt: string, actor: { subject: string } }> }, connected: { nodes: Array<{ recordedAt: string, actor: { subject: string } }> } };

export type ChangeSettingsMutationVariables = Exact<{
  input: ChangeSettingsInput;
}>;


export type ChangeSettingsMutation = { changeSettings:
    | { __typename: 'ConnectionChanged', connection: { status: Status, siteUrl: string | null, companyId: string | null, companyName: string | null, keyHint: string | null, connectedAt: string | null, attention: { reason: AttentionReason, detail: string } | null, settings: { driftPolicy: DriftPolicy, holdDays: number, dropGuardPercent: number, dropGuardUnits: number, parallelRequests: number } } }
    | { __typename: 'InvalidInput', message: string, field: string, reason: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type PauseMutationVariables = Exact<{
  input: ConnectionInput;
}>;


export type PauseMutation = { pause:
    | { __typename: 'ConnectionChanged', connection: { status: Status } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type ResumeMutationVariables = Exact<{
  input: ConnectionInput;
}>;


export type ResumeMutation = { resume:
    | { __typename: 'ConnectionChanged', connection: { status: Status } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type DisconnectMutationVariables = Exact<{
  input: ConnectionInput;
}>;


export type DisconnectMutation = { disconnect:
    | { __typename: 'ConnectionChanged', connection: { status: Status } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const settingsQuery: Operation<SettingsQuery, SettingsQueryVariables> = operation('Settings', `fragment Standing on PsaConnection {
  status
  siteUrl
  companyId
  companyName
  keyHint
  connectedAt
  attention {
    reason
    detail
  }
  settings {
    driftPolicy
    holdDays
    dropGuardPercent
    dropGuardUnits
    parallelRequests
  }
}

query Settings($msp: ID) {
  psaConnection(msp: $msp) {
    ...Standing
  }
  organizations(first: 1, msp: $msp) {
    counts {
      state
      count
    }
  }
  replaced: history(
    first: 1
    filter: { factType: "connection.credentials-updated" }
    msp: $msp
  ) {
    nodes {
      recordedAt
      actor {
        subject
      }
    }
  }
  connected: history(
    first: 1
    filter: { factType: "connection.connected" }
    msp: $msp
  ) {
    nodes {
      recordedAt
      actor {
        subject
      }
    }
  }
}`);

export const changeSettingsMutation: Operation<ChangeSettingsMutation, ChangeSettingsMutationVariables> = operation('ChangeSettings', `fragment Standing on PsaConnection {
  status
  siteUrl
  companyId
  companyName
  keyHint
  connectedAt
  attention {
    reason
    detail
  }
  settings {
    driftPolicy
    holdDays
    dropGuardPercent
    dropGuardUnits
    parallelRequests
  }
}

mutation ChangeSettings($input: ChangeSettingsInput!) {
  changeSettings(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on InvalidInput {
      field
      reason
    }
    ... on ConnectionChanged {
      connection {
        ...Standing
      }
    }
  }
}`);

export const pauseMutation: Operation<PauseMutation, PauseMutationVariables> = operation('Pause', `mutation Pause($input: ConnectionInput!) {
  pause(input: $input) {
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

export const resumeMutation: Operation<ResumeMutation, ResumeMutationVariables> = operation('Resume', `mutation Resume($input: ConnectionInput!) {
  resume(input: $input) {
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

export const disconnectMutation: Operation<DisconnectMutation, DisconnectMutationVariables> = operation('Disconnect', `mutation Disconnect($input: ConnectionInput!) {
  disconnect(input: $input) {
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
