import { begun, ended } from './calls.ts';
import { Failure } from './failure.ts';
import type { Operation } from './operation.ts';
import { sse } from './sse.ts';
import { signedInAgain, token } from './token.ts';

// With text/event-stream in the list even a query is answered as a stream.
const ONE_ANSWER = 'application/graphql-response+json, application/json';

type Answered<Data> = {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string; errorId?: string } }[];
};

function post(operation: { name: string; text: string }, variables: unknown, accept: string, signal?: AbortSignal) {
  const headers: Record<string, string> = { Accept: accept, 'Content-Type': 'application/json' };
  if (token.value !== null) headers.Authorization = `Bearer ${token.value}`;
  const body = JSON.stringify({ query: operation.text, variables, operationName: operation.name });
  return fetch('/graphql', { method: 'POST', headers, body, signal: signal ?? null });
}

function whyNot(answer: Response, told: Answered<unknown>): Failure {
  const first = told.errors?.[0];
  const requestId = first?.extensions?.errorId ?? answer.headers.get('x-request-id');
  const code = first?.extensions?.code ?? null;
  const message = first?.message ?? `HTTP ${answer.status}`;
  if (answer.status >= 500 && first === undefined) return new Failure('unreachable', message, code, requestId);
  return new Failure(code === null || code === 'InternalError' ? 'broken' : 'refused', message, code, requestId);
}

async function once<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  let answer: Response;
  let told: Answered<Data>;
  try {
    answer = await post(operation, variables, ONE_ANSWER, signal);
    told = answer.headers.get('content-type')?.includes('json') ? await answer.json() : {};
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure('unreachable', error instanceof Error ? error.message : String(error));
  }
  if (answer.status === 401) throw new Failure('signed-out', told.errors?.[0]?.message ?? 'HTTP 401');
  if (told.errors !== undefined || told.data === undefined || told.data === null) throw whyNot(answer, told);
  return told.data;
}

/** The token to try is not yet the page's own: who holds it asks, and nobody waits. */
export async function ask<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const call = begun(operation.name, operation.text, variables);
  try {
    const data = await once(operation, variables, signal);
    ended(call, 'ok');
    return data;
  } catch (error) {
    ended(call, error instanceof Failure ? error.kind : 'given up');
    throw error;
  }
}

/**
 * Ask, and when the token is no longer believed, wait until somebody has signed in again and ask once more.
 * Throws Failure.
 */
export async function request<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  for (;;) {
    try {
      return await ask(operation, variables, signal);
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'signed-out') throw error;
      await signedInAgain();
    }
  }
}

/**
 * Hear a subscription's values until it ends or `signal` says so.
 * Throws Failure when the stream can not be had or breaks off.
 */
export async function subscribe<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  onOpen: () => void,
  onValue: (data: Data) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const answer = await post(operation, variables, 'text/event-stream', signal);
    if (answer.status === 401) throw new Failure('signed-out', 'HTTP 401');
    if (!answer.ok || answer.body === null) throw whyNot(answer, {});
    onOpen();
    for await (const { event, data } of sse(answer.body)) {
      if (event === 'complete') return;
      if (event !== 'next') continue;
      const told: Answered<Data> = JSON.parse(data);
      if (told.errors !== undefined || !told.data) throw whyNot(answer, told);
      onValue(told.data);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Failure) throw error;
    throw new Failure('unreachable', error instanceof Error ? error.message : String(error));
  }
  if (!signal.aborted) throw new Failure('unreachable', 'the stream ended');
}
