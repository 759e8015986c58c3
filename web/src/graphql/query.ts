import { type ReadonlySignal, signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { request } from './client.ts';
import { asFailure, type Failure } from './failure.ts';
import { whileVisible } from './live.ts';
import type { Operation } from './operation.ts';

export type Loaded<Data> = {
  /** What was loaded last; it stays while newer is on its way, and when that fails. */
  readonly data: ReadonlySignal<Data | undefined>;
  readonly failure: ReadonlySignal<Failure | undefined>;
  readonly isLoading: ReadonlySignal<boolean>;
  readonly reload: () => Promise<void>;
};

/**
 * Load what a component shows, again whenever its variables change or there are news.
 * Without variables (null) nothing is asked. `isLive: false` leaves news aside: for what would move under the reader.
 */
export function useQuery<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables | null,
  { isLive = true }: { isLive?: boolean } = {},
): Loaded<Data> {
  const asked = useRef(variables);
  asked.current = variables;
  const loaded = useMemo(() => loader(operation, () => asked.current), [operation]);
  const key = JSON.stringify(variables);
  // The key stands for the variables, which are new objects each time.
  useEffect(() => {
    void loaded.reload();
  }, [loaded, key]);
  useEffect(() => (isLive ? whileVisible(loaded.reload) : undefined), [loaded, isLive]);
  useEffect(() => loaded.stop, [loaded]);
  return loaded;
}

function loader<Data, Variables>(operation: Operation<Data, Variables>, variables: () => Variables | null) {
  const data = signal<Data | undefined>(undefined);
  const failure = signal<Failure | undefined>(undefined);
  const isLoading = signal(variables() !== null);
  let underWay: AbortController | undefined;

  async function reload(): Promise<void> {
    const wanted = variables();
    underWay?.abort();
    if (wanted === null) {
      isLoading.value = false;
      return;
    }
    const mine = new AbortController();
    underWay = mine;
    isLoading.value = true;
    try {
      const found = await request(operation, wanted, mine.signal);
      if (mine.signal.aborted) return;
      data.value = found;
      failure.value = undefined;
    } catch (error) {
      if (mine.signal.aborted) return;
      failure.value = asFailure(error);
    }
    isLoading.value = false;
  }

  return { data, failure, isLoading, reload, stop: () => underWay?.abort() };
}

export type Page<Node> = {
  readonly nodes: readonly Node[];
  readonly totalCount: number;
  readonly counts: readonly { readonly state: string; readonly count: number }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
};

export type Listed<Node> = {
  /** Everything loaded so far as one page; undefined before the first answer. */
  readonly page: ReadonlySignal<Page<Node> | undefined>;
  readonly failure: ReadonlySignal<Failure | undefined>;
  readonly isLoading: ReadonlySignal<boolean>;
  readonly reload: () => Promise<void>;
  readonly more: () => Promise<void>;
};

type Paged = { first: number; after?: string | null | undefined };
export const MOST_AT_ONCE = 100;

/** A list page by page. News reload as many rows as are on screen, so that nothing is taken away from the reader. */
export function useList<Data, Variables extends Paged, Node>(
  operation: Operation<Data, Variables>,
  variables: Variables | null,
  pick: (data: Data) => Page<Node>,
  { isLive = true }: { isLive?: boolean } = {},
): Listed<Node> {
  const asked = useRef(variables);
  asked.current = variables;
  // `pick` is written in place; it never changes its meaning.
  const list = useMemo(() => lister(operation, () => asked.current, pick), [operation]);
  const key = JSON.stringify(variables);
  // The key stands for the variables, which are new objects each time.
  useEffect(() => {
    void list.begin();
  }, [list, key]);
  useEffect(() => (isLive ? whileVisible(list.reload) : undefined), [list, isLive]);
  useEffect(() => list.stop, [list]);
  return list;
}

function lister<Data, Variables extends Paged, Node>(
  operation: Operation<Data, Variables>,
  variables: () => Variables | null,
  pick: (data: Data) => Page<Node>,
) {
  const page = signal<Page<Node> | undefined>(undefined);
  const failure = signal<Failure | undefined>(undefined);
  const isLoading = signal(variables() !== null);
  let underWay: AbortController | undefined;

  /** Load `count` rows after a cursor, in as many requests as it takes. */
  async function load(before: readonly Node[], after: string | null, count: number): Promise<void> {
    const wanted = variables();
    underWay?.abort();
    if (wanted === null) {
      isLoading.value = false;
      return;
    }
    const mine = new AbortController();
    underWay = mine;
    isLoading.value = true;
    try {
      let nodes = before;
      let cursor = after;
      let missing = count;
      for (;;) {
        const first = Math.min(missing, MOST_AT_ONCE);
        const found: Page<Node> = pick(await request(operation, { ...wanted, first, after: cursor }, mine.signal));
        if (mine.signal.aborted) return;
        nodes = [...nodes, ...found.nodes];
        cursor = found.pageInfo.endCursor;
        missing -= first;
        if (missing <= 0 || !found.pageInfo.hasNextPage) {
          // More rows below tell nothing of what came above since the first ones were loaded.
          const totalCount = after === null ? found.totalCount : (page.value?.totalCount ?? found.totalCount);
          page.value = { ...found, nodes, totalCount };
          break;
        }
      }
      failure.value = undefined;
    } catch (error) {
      if (mine.signal.aborted) return;
      failure.value = asFailure(error);
    }
    isLoading.value = false;
  }

  const pageSize = () => variables()?.first ?? 0;
  return {
    page,
    failure,
    isLoading,
    begin: () => load([], null, pageSize()),
    reload: () => load([], null, Math.max(pageSize(), page.value?.nodes.length ?? 0)),
    more: () => load(page.value?.nodes ?? [], page.value?.pageInfo.endCursor ?? null, pageSize()),
    stop: () => underWay?.abort(),
  };
}

/** Every row of a list, page by page: for a file, not for the screen. */
export async function* allPages<Data, Variables extends Paged, Node>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  pick: (data: Data) => Page<Node>,
): AsyncGenerator<readonly Node[]> {
  let after: string | null = null;
  for (;;) {
    const found: Page<Node> = pick(await request(operation, { ...variables, first: MOST_AT_ONCE, after }));
    yield found.nodes;
    if (!found.pageInfo.hasNextPage) return;
    after = found.pageInfo.endCursor;
  }
}
