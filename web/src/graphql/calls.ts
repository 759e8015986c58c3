import { signal } from '@preact/signals';
import { withoutSecrets } from '../rules/secrets.ts';

/** One request that this page made, for the drawer that shows how to do the same from a script. */
export type Call = {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly variables: unknown;
  readonly at: Date;
  readonly milliseconds: number | null;
  readonly outcome: string;
};

const MOST = 50;
let last = 0;
export const calls = signal<readonly Call[]>([]);

export function begun(name: string, text: string, variables: unknown): number {
  last += 1;
  const call: Call = {
    id: last,
    name,
    text,
    variables: withoutSecrets(variables),
    at: new Date(),
    milliseconds: null,
    outcome: '…',
  };
  calls.value = [...calls.value.slice(1 - MOST), call];
  return last;
}

export function ended(id: number, outcome: string): void {
  calls.value = calls.value.map((call) =>
    call.id === id ? { ...call, outcome, milliseconds: Date.now() - call.at.getTime() } : call,
  );
}

export function forgetCalls(): void {
  calls.value = [];
}
