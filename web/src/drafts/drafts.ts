import { type ReadonlySignal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { guardLeaving } from '../router/location.ts';
import { mspInView } from '../session.ts';

/** What was changed on a page and not carried out yet, by what it is about. */
export type Drafts<Draft> = {
  readonly all: ReadonlySignal<Readonly<Record<string, Draft>>>;
  /** Keep a draft; undefined forgets it. */
  readonly set: (key: string, draft: Draft | undefined) => void;
  /** Keep many at once. */
  readonly add: (drafts: Readonly<Record<string, Draft>>) => void;
  readonly clear: () => void;
};

/**
 * Drafts of a page: kept in this tab over reloads and for each MSP apart, until they are carried out or discarded.
 * Leaving the page with some of them asks first; `question` says what is left behind.
 */
export function useDrafts<Draft>(name: string, question: (count: number) => string): Drafts<Draft> {
  const key = `psa-ledger.drafts.${mspInView.value}.${name}`;
  const drafts = useMemo(() => kept<Draft>(key), [key]);
  useEffect(
    () =>
      guardLeaving(() => {
        const count = Object.keys(drafts.all.value).length;
        return count === 0 ? null : question(count);
      }),
    [drafts, question],
  );
  return drafts;
}

function kept<Draft>(key: string): Drafts<Draft> {
  const all = signal<Readonly<Record<string, Draft>>>(JSON.parse(sessionStorage.getItem(key) ?? '{}'));

  function replace(drafts: Readonly<Record<string, Draft>>): void {
    all.value = drafts;
    sessionStorage.setItem(key, JSON.stringify(drafts));
  }

  return {
    all,
    set: (about, draft) => {
      const { [about]: _, ...others } = all.value;
      replace(draft === undefined ? others : { ...others, [about]: draft });
    },
    add: (drafts) => replace({ ...all.value, ...drafts }),
    clear: () => replace({}),
  };
}
