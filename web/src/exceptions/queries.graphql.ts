// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** APPROVE answers a drop that is held; OVERWRITE, KEEP and LEAVE answer a hand edit at the month's end. `found` and `target` are those that were shown. */
export type ApprovePushInput = {
  agreement: number;
  product: number;
  push: string;
  found: string;
  target: string;
  answer?: HoldAnswer;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type HoldAnswer =
  | 'APPROVE'
  | 'OVERWRITE'
  | 'KEEP'
  | 'LEAVE';

/** `createAgain` lets a lost addition be created anew; `confirmProration` says that an average on a prorating agreement is meant. */
export type RetryExceptionInput = {
  agreement: number;
  product: number;
  createAgain?: boolean;
  confirmProration?: boolean;
  msp?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
};

export type ApprovePushMutationVariables = Exact<{
  input: ApprovePushInput;
}>;


export type ApprovePushMutation = { approvePush:
    | { __typename: 'PushAnswered', answer: HoldAnswer }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'UnknownAddition', message: string }
    | { __typename: 'NotHeld', message: string }
    | { __typename: 'NumbersMoved', message: string, found: string, target: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export type RetryExceptionMutationVariables = Exact<{
  input: RetryExceptionInput;
}>;


export type RetryExceptionMutation = { retryException:
    | { __typename: 'RetryAccepted', agreement: number }
    | { __typename: 'NotConnected', message: string }
    | { __typename: 'UnknownAddition', message: string }
    | { __typename: 'NothingToRetry', message: string }
    | { __typename: 'InvalidInput', message: string }
    | { __typename: 'IdempotencyKeyReused', message: string }
   };

export const approvePushMutation: Operation<ApprovePushMutation, ApprovePushMutationVariables> = operation('ApprovePush', `mutation ApprovePush($input: ApprovePushInput!) {
  approvePush(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on NumbersMoved {
      found
      target
    }
    ... on PushAnswered {
      answer
    }
  }
}`);

export const retryExceptionMutation: Operation<RetryExceptionMutation, RetryExceptionMutationVariables> = operation('RetryException', `mutation RetryException($input: RetryExceptionInput!) {
  retryException(input: $input) {
    __typename
    ... on Refusal {
      message
    }
    ... on RetryAccepted {
      agreement
    }
  }
}`);
