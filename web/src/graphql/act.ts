import { type ReadonlySignal, signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { mspInView } from '../session.ts';
import { request } from './client.ts';
import { asFailure, type Failure } from './failure.ts';
import { reloadVisible } from './live.ts';
import type { Operation } from './operation.ts';

type Input = { msp?: string | null | undefined; idempotencyKey?: string | null | undefined };

export type Act<Payload, Given> = {
  readonly isBusy: ReadonlySignal<boolean>;
  readonly failure: ReadonlySignal<Failure | undefined>;
  /** Carry it out; undefined when there was no answer (then `failure` says why). A second press joins the first. */
  readonly run: (given: Given) => Promise<Payload | undefined>;
};

/**
 * A mutation that is safe to press twice: the same intent is sent with the same idempotency key until an answer came.
 * All mutations take one `input`; who asks and for which MSP is added here.
 */
export function useAct<Data extends object, I extends Input>(
  operation: Operation<Data, { input: I }>,
): Act<Data[keyof Data], Omit<I, 'msp' | 'idempotencyKey'>> {
  return useMemo(() => actor(operation), [operation]);
}

export function actor<Data extends object, I extends Input>(
  operation: Operation<Data, { input: I }>,
): Act<Data[keyof Data], Omit<I, 'msp' | 'idempotencyKey'>> {
  const isBusy = signal(false);
  const failure = signal<Failure | undefined>(undefined);
  const keys = new Map<string, string>();
  const underWay = new Map<string, Promise<Data[keyof Data] | undefined>>();

  async function carryOut(given: Omit<I, 'msp' | 'idempotencyKey'>, intent: string) {
    const idempotencyKey = keys.get(intent) ?? crypto.randomUUID();
    keys.set(intent, idempotencyKey);
    isBusy.value = true;
    failure.value = undefined;
    try {
      const input = { ...given, msp: mspInView.value, idempotencyKey } as I;
      const data = await request(operation, { input });
      keys.delete(intent);
      reloadVisible();
      return Object.values(data)[0] as Data[keyof Data];
    } catch (error) {
      failure.value = asFailure(error);
      return undefined;
    } finally {
      underWay.delete(intent);
      isBusy.value = underWay.size > 0;
    }
  }

  return {
    isBusy,
    failure,
    run: (given) => {
      const intent = JSON.stringify(given);
      const already = underWay.get(intent);
      if (already !== undefined) return already;
      const started = carryOut(given, intent);
      underWay.set(intent, started);
      return started;
    },
  };
}
