import { sentenceOf } from '../../facts/sentence.ts';
import { type Listed, useList, useQuery } from '../../graphql/query.ts';
import { type Names, useNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { asOf, mspInView } from '../../session.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Page } from '../../ui/Page.tsx';
import { day, time } from '../../words/format.ts';
import { Detail } from './Detail.tsx';
import { Exports } from './Exports.tsx';
import { Filters } from './Filters.tsx';
import { type Filter, filterInAddress, isFiltered, NO_FILTER } from './filters.ts';
import './history.css';
import { type HistoryQuery, historyCountQuery, historyQuery, sealQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Fact = HistoryQuery['history']['nodes'][number];
const FIRST = 50;

/** Everything that was recorded, newest first; what is new is counted and shown when it is asked for. */
export default function History() {
  const asked = filterInAddress();
  // A look into the past shows what was recorded by then.
  const then = asOf.value;
  const filter = then !== null && (asked.until === null || asked.until > then) ? { ...asked, until: then } : asked;
  const list = useList(historyQuery, { first: FIRST, filter, msp: mspInView.value }, (data) => data.history, {
    isLive: false,
  });
  const rows = list.page.value?.nodes ?? [];
  const names = useNames([...rows, asked]);
  const open = here.value.params.get('fact');
  return (
    <Page
      title={words.title}
      beside={
        <div class="row">
          {then === null && <Follow key={JSON.stringify(filter)} filter={filter} list={list} />}
          <Link class="button" to="/history/compare">
            {words.compare}
          </Link>
        </div>
      }
    >
      <div class="stack">
        <Filters filter={asked} names={names} />
        <div class={open === null ? 'facts-and-one' : 'facts-and-one open'}>
          <div>
            <ListOf
              from={list}
              empty={<Empty title={words.empty} means={words.emptyMeans} />}
              clearFilters={isFiltered(asked) ? () => setParams(NO_FILTER) : undefined}
            >
              {({ nodes }) => <Facts facts={nodes} names={names} open={open} />}
            </ListOf>
          </div>
          <aside class="stack" aria-label={words.beside}>
            {open === null ? <p class="muted only-wide">{words.none}</p> : <Detail key={open} id={open} />}
            <Sealed />
            <Exports filter={filter} />
          </aside>
        </div>
      </div>
    </Page>
  );
}

function Facts({ facts, names, open }: { facts: readonly Fact[]; names: Names; open: string | null }) {
  const days = new Map<string, Fact[]>();
  for (const fact of facts) {
    const name = day(fact.recordedAt);
    days.set(name, [...(days.get(name) ?? []), fact]);
  }
  const others = Object.fromEntries(here.value.params);
  return (
    <section class="stack" aria-label={words.list}>
      {[...days].map(([name, ofDay]) => (
        <section key={name} class="card day">
          <h2>{name}</h2>
          <ol>
            {ofDay.map((fact) => (
              <li key={fact.id} class={fact.id === open ? 'shown' : undefined}>
                <Link
                  to="/history"
                  params={{ ...others, fact: fact.id }}
                  aria-current={fact.id === open ? 'true' : undefined}
                >
                  <time dateTime={fact.recordedAt} title={fact.recordedAt}>
                    {time(fact.recordedAt)}
                  </time>
                  <span class="muted">{fact.actor.subject}</span>
                  <span class={names.areComing(fact) ? 'coming' : undefined}>{sentenceOf(fact, names)}</span>
                </Link>
              </li>
            ))}
          </ol>
        </section>
      ))}
    </section>
  );
}

/** How many there are more by now than the list shows: whatever way the news came, and none is missed. */
function Follow({ filter, list }: { filter: Filter; list: Listed<Fact> }) {
  const isOn = here.value.params.get('follow') === '1';
  const now = useQuery(historyCountQuery, isOn ? { filter, msp: mspInView.value } : null).data.value;
  const listed = list.isLoading.value ? undefined : list.page.value;
  const fresh = now && listed ? now.history.totalCount - listed.totalCount : 0;
  return (
    <>
      <span role="status">
        {isOn && fresh > 0 && (
          <button type="button" class="primary" onClick={() => void list.reload()}>
            {words.fresh(fresh)}
          </button>
        )}
      </span>
      <button
        type="button"
        aria-pressed={isOn}
        title={words.following}
        onClick={() => setParams({ follow: isOn ? null : 1 })}
      >
        <Icon name={isOn ? 'dot' : 'ring'} />
        {words.follow}
      </button>
    </>
  );
}

function Sealed() {
  const seal = useQuery(sealQuery, { msp: mspInView.value }).data.value?.auditCheckpoints.nodes;
  if (seal === undefined) return null;
  const [newest] = seal;
  return (
    <p class="row">
      <Icon name={newest ? 'lock' : 'ring'} />
      {newest ? words.seal(newest.count, newest.at) : words.unsealed}
    </p>
  );
}
