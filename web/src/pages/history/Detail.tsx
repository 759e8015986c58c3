import { sentenceOf, type Told } from '../../facts/sentence.ts';
import { useQuery } from '../../graphql/query.ts';
import { useNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { isMonth, monthOf } from '../../rules/months.ts';
import { mspInView } from '../../session.ts';
import { Copy } from '../../ui/Copy.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { words as shared } from '../../words/en.ts';
import { type FactQuery, factQuery, ledToQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Entry = FactQuery['find'][number]['entry'];

/** Everything about one fact: who, from where, what led to it, what it led to, and what is stored. */
export function Detail({ id }: { id: string }) {
  const loaded = useQuery(factQuery, { id, msp: mspInView.value }, { isLive: false });
  return (
    <section class="card fact" aria-label={words.fact}>
      <Loading from={loaded} lines={6}>
        {({ find }) => {
          const entry = find.find((one) => one.kind === 'FACT')?.entry;
          return entry ? <Shown entry={entry} /> : <Empty title={words.unknown} />;
        }}
      </Loading>
    </section>
  );
}

function Shown({ entry }: { entry: Entry }) {
  const names = useNames([entry]);
  const { actor } = entry;
  return (
    <>
      <div class="row">
        <h2>{sentenceOf(entry, names)}</h2>
        <button type="button" class="quiet" onClick={() => setParams({ fact: null })}>
          {words.close}
        </button>
      </div>
      <dl class="pairs">
        <div>
          <dt>{words.recorded}</dt>
          <dd>
            <Instant at={entry.recordedAt} precision="second" />
          </dd>
        </div>
        <div>
          <dt>{words.by}</dt>
          <dd>
            {actor.subject} · {shared.roles[actor.role]}
          </dd>
        </div>
        {(actor.address || actor.userAgent) && (
          <div>
            <dt>{words.from_}</dt>
            <dd>{[actor.address, actor.userAgent].filter(Boolean).join(' · ')}</dd>
          </div>
        )}
        <div>
          <dt>{words.fact}</dt>
          <dd>
            {entry.factType}, {words.number(entry.number)}
          </dd>
        </div>
        <div>
          <dt>{words.request}</dt>
          <dd>
            <Link to="/history" params={{ request: entry.requestId }}>
              {entry.requestId}
            </Link>
          </dd>
        </div>
        <div>
          <dt>{words.cause}</dt>
          <dd>{entry.causationId === null ? words.nothing : <Cause id={entry.causationId} />}</dd>
        </div>
        <div>
          <dt>{words.effects}</dt>
          <dd>
            <Effects id={entry.id} />
          </dd>
        </div>
      </dl>
      <details>
        <summary>{words.all}</summary>
        <dl class="pairs fields">
          {Object.entries(entry.payload as object).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
      <details>
        <summary>{words.raw}</summary>
        <pre>{JSON.stringify(entry, null, 2)}</pre>
      </details>
      <p class="row">
        <Copy text={location.href}>{words.copyLink}</Copy>
        {entry.agreement !== null && entry.product !== null && (
          <Link to={`/explain/${entry.agreement}/${entry.product}`} params={{ month: monthIn(entry) }}>
            {words.why}
          </Link>
        )}
      </p>
    </>
  );
}

function monthIn(entry: Entry): string {
  const { month } = entry.payload as { month?: string };
  return isMonth(month) ? month : monthOf(entry.recordedAt);
}

function FactLink({ fact }: { fact: Told & { readonly id: string } }) {
  const names = useNames([fact]);
  return (
    <Link to="/history" params={{ ...Object.fromEntries(here.value.params), fact: fact.id }}>
      {sentenceOf(fact, names)}
    </Link>
  );
}

function Cause({ id }: { id: string }) {
  const found = useQuery(factQuery, { id, msp: mspInView.value }, { isLive: false }).data.value?.find;
  const entry = found?.find((one) => one.kind === 'FACT')?.entry;
  return entry ? <FactLink fact={entry} /> : <span>{id}</span>;
}

function Effects({ id }: { id: string }) {
  const found = useQuery(ledToQuery, { id, msp: mspInView.value }, { isLive: false }).data.value?.history;
  if (found === undefined) return null;
  if (found.nodes.length === 0) return <>{words.nothing}</>;
  return (
    <ul>
      {found.nodes.map((one) => (
        <li key={one.id}>
          <FactLink fact={one} />
        </li>
      ))}
      {found.totalCount > found.nodes.length && <li>{words.more(found.totalCount - found.nodes.length)}</li>}
    </ul>
  );
}
