// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type ConnectInput = {
  siteUrl: string;
  companyId: string;
  publicKey: string;
  privateKey: string;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type PsaRightState =
  | 'GRANTED'
  | 'DENIED'
  | 'SHOWN_WHEN_USED';

export type Status =
  | 'NOT_CONNECTED'
  | 'SETUP'
  | 'ACTIVE'
  | 'PAUSED'
  | 'ATTENTION';

export type TestConnectionInput = {
  siteUrl: string;
  companyId: string;
  publicKey: string;
  privateKey: string;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

/** Without `siteUrl` and `companyId` the connection's own are meant. */
export type UpdateCredentialsInput = {
  publicKey: string;
  privateKey: string;
  siteUrl?: string | null | undefined;
  companyId?: string | null | undefined;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type RightFragment = { name: string, module: string, level: string, menuPath: string };

export type TestConnectionMutationVariables = Exact<{
  input: TestConnectionInput;
}>;


export type TestConnectionMutation = { testConnection:
    | { __typename: 'ConnectionTested', site: string, companyId: string, companyName: string, version: string, isCloud: boolean, isUsable: boolean, rights: Array<{ state: PsaRightState, refusedLists: Array<string>, right: { name: string, module: string, level: string, menuPath: string } }> }
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
   };

export type ConnectMutationVariables = Exact<{
  input: ConnectInput;
}>;


export type ConnectMutation = { connect:
    | { __typename: 'ConnectionChanged', connection: { status: Status, companyName: string | null } }
    | { __typename: 'AlreadyConnected', message: string }
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
   };

export type UpdateCredentialsMutationVariables = Exact<{
  input: UpdateCredentialsInput;
}>;


export type UpdateCredentialsMutation = { updateCredentials:
    | { __typename: 'ConnectionChanged', connection: { keyHint: string | null } }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'DifferentTenant', message: string }
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
   };

export const testConnectionMutation: Operation<TestConnectionMutation, TestConnectionMutationVariables> = operation('TestConnection', `fragment Right on PsaRight {
  name
  module
  level
  menuPath
}

mutation TestConnection($input: TestConnectionInput!) {
  testConnection(input: $input) {
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
        ...Right
      }
    }
    ... on PsaRefusedRequest {
      reasons
    }
    ... on ConnectionTested {
      site
      companyId
      companyName
      version
      isCloud
      isUsable
      rights {
        right {
          ...Right
        }
        state
        refusedLists
      }
    }
  }
}`);

export const connectMutation: Operation<ConnectMutation, ConnectMutationVariables> = operation('Connect', `fragment Right on PsaRight {
  name
  module
  level
  menuPath
}

mutation Connect($input: ConnectInput!) {
  connect(input: $input) {
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
        ...Right
      }
    }
    ... on PsaRefusedRequest {
      reasons
    }
    ... on ConnectionChanged {
      connection {
        status
        companyName
      }
    }
  }
}`);

export const updateCredentialsMutation: Operation<UpdateCredentialsMutation, UpdateCredentialsMutationVariables> = operation('UpdateCredentials', `fragment Right on PsaRight {
  name
  module
  level
  menuPath
}

mutation UpdateCredentials($input: UpdateCredentialsInput!) {
  updateCredentials(input: $input) {
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
        ...Right
      }
    }
    ... on PsaRefusedRequest {
      reasons
    }
    ... on ConnectionChanged {
      connection {
        keyHint
      }
    }
  }
}`);
