/**
 * Why there is no answer:
 * - `unreachable`: nobody answered;
 * - `signed-out`: the token is not believed;
 * - `refused`: the API said no to the whole request (its role, a bound, a wrong id), `code` says which;
 * - `broken`: an error on the API's side, `requestId` finds it in its log.
 */
export type FailureKind = 'unreachable' | 'signed-out' | 'refused' | 'broken';

export class Failure extends Error {
  readonly kind: FailureKind;
  readonly code: string | null;
  readonly requestId: string | null;

  constructor(kind: FailureKind, message: string, code: string | null = null, requestId: string | null = null) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.requestId = requestId;
  }
}

/** The failure that was thrown; anything else is a bug and thrown on. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  throw error;
}
