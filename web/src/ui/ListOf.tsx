import type { ComponentChildren } from 'preact';
import type { Listed, Page } from '../graphql/query.ts';
import { words } from '../words/en.ts';
import { Skeleton } from './Loading.tsx';
import { Failed } from './Problem.tsx';

/**
 * A list in all its states: a skeleton, nothing at all, nothing under these filters, failed (the old rows stay), rows,
 * and the way to more of them.
 */
export function ListOf<Node>({
  from,
  empty,
  clearFilters,
  children,
}: {
  from: Listed<Node>;
  empty: ComponentChildren;
  /** Given while filters are set: what shows everything again. */
  clearFilters?: (() => void) | undefined;
  children: (page: Page<Node>) => ComponentChildren;
}) {
  const page = from.page.value;
  const failure = from.failure.value;
  return (
    <>
      {failure && <Failed failure={failure} retry={() => void from.reload()} />}
      {page === undefined && !failure && <Skeleton />}
      {page?.nodes.length === 0 && (clearFilters ? <NoneOfFilter clear={clearFilters} /> : empty)}
      {page !== undefined && page.nodes.length > 0 && (
        <div class="listed">
          {children(page)}
          <p class="row below">
            <span class="muted figure">{words.shownOf(page.nodes.length, page.totalCount)}</span>
            {page.pageInfo.hasNextPage && (
              <button type="button" disabled={from.isLoading.value} onClick={() => void from.more()}>
                {words.more}
              </button>
            )}
          </p>
        </div>
      )}
    </>
  );
}

function NoneOfFilter({ clear }: { clear: () => void }) {
  return (
    <div class="empty">
      <p class="what">{words.noneOfFilter}</p>
      <p class="row">
        <button type="button" onClick={clear}>
          {words.clearFilters}
        </button>
      </p>
    </div>
  );
}
