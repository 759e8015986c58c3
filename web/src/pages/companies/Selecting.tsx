import { useState } from 'preact/hooks';
import type { Drafts } from '../../drafts/drafts.ts';
import { asFailure, type Failure } from '../../graphql/failure.ts';
import { allPages, type Page, useQuery } from '../../graphql/query.ts';
import { companyKey, type Draft } from '../../rules/mapping_drafts.ts';
import { mspInView } from '../../session.ts';
import { Failed } from '../../ui/Problem.tsx';
import { later } from './later_words.ts';
import { type SuggestionsQuery, type SuggestionsQueryVariables, suggestionsQuery } from './queries.graphql.ts';

type Suggestion = SuggestionsQuery['mappingSuggestions']['nodes'][number];
type Filter = NonNullable<SuggestionsQueryVariables['filter']>;

const EXACT: Filter = { likeness: 'EXACT', isAmbiguous: false };

/**
 * Take many suggestions as drafts at once, also those that are not on the screen: all exact ones, or all that the search
 * shows. Ambiguous ones are for a person to choose, and what is a draft already stays as it is.
 */
export function Selecting({
  page,
  search,
  isSuggested,
  drafts,
  draftOf,
}: {
  /** The suggestions that are loaded. */
  page: Page<Suggestion>;
  search: string | null;
  isSuggested: boolean;
  drafts: Drafts<Draft>;
  draftOf: (suggestion: Suggestion) => Draft;
}) {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const matching: Filter = { search, isAmbiguous: false };
  const msp = mspInView.value;
  const count = useQuery(suggestionsQuery, isSuggested ? { first: 1, filter: matching, msp } : null).data.value;

  async function take(filter: Filter, isWanted: (suggestion: Suggestion) => boolean): Promise<void> {
    setBusy(true);
    setFailure(undefined);
    try {
      const best = new Map<number, Suggestion>();
      const pages = allPages(suggestionsQuery, { first: 100, filter, msp }, (data) => data.mappingSuggestions);
      for await (const found of pages) {
        for (const one of found.filter(isWanted)) {
          if (one.score > (best.get(one.company.id)?.score ?? 0)) best.set(one.company.id, one);
        }
      }
      const before = drafts.all.value;
      const taken = [...best.values()].map((one) => [companyKey(one.company.id), draftOf(one)] as const);
      drafts.add(Object.fromEntries(taken.filter(([key]) => !before[key])));
    } catch (error) {
      setFailure(asFailure(error));
    }
    setBusy(false);
  }

  const isOpen = (one: Suggestion) => !drafts.all.value[companyKey(one.company.id)];
  const isExact = (one: Suggestion) => one.isPreselected && one.preselectedAgreement !== null;
  const exact = page.nodes.filter((one) => isExact(one) && isOpen(one)).length;
  const isMore = page.pageInfo.hasNextPage;
  const all = count?.mappingSuggestions.totalCount ?? 0;
  return (
    <>
      {exact > 0 && (
        <button type="button" disabled={isBusy} onClick={() => void take(EXACT, isExact)}>
          {isMore ? later.acceptAll : later.accept(exact)}
        </button>
      )}
      {isSuggested && all > 0 && page.nodes.some((one) => !one.isAmbiguous && isOpen(one)) && (
        <button type="button" disabled={isBusy} onClick={() => void take(matching, () => true)}>
          {later.selectAll(all)}
        </button>
      )}
      {failure && <Failed failure={failure} />}
    </>
  );
}
