import { Exceptions } from '../../exceptions/Exceptions.tsx';
import { sentenceOf } from '../../facts/sentence.ts';
import { useQuery } from '../../graphql/query.ts';
import { useNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import { asOf, isAdmin, mspInView } from '../../session.ts';
import { lazy } from '../../shell/lazy.tsx';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { words as shared } from '../../words/en.ts';
import { type MappingQuery, mappingQuery, type OverviewQuery, overviewQuery } from './queries.graphql.ts';
import './overview.css';
import { ToDate } from './ToDate.tsx';
import { words } from './words.ts';

const Then = lazy(async () => (await import('./Then.tsx')).Then);

type Connection = OverviewQuery['psaConnection'];

const TONES: Readonly<Record<Connection['status'], Tone>> = {
  NOT_CONNECTED: 'calm',
  SETUP: 'busy',
  ACTIVE: 'good',
  PAUSED: 'warn',
  ATTENTION: 'bad',
};

export default function Overview() {
  return asOf.value === null ? <Now /> : <Then at={asOf.value} />;
}

function Now() {
  const overview = useQuery(overviewQuery, { msp: mspInView.value });
  const status = overview.data.value?.psaConnection.status;
  const isConnected = status !== undefined && status !== 'NOT_CONNECTED';
  const mapping = useQuery(mappingQuery, isConnected ? { msp: mspInView.value } : null).data.value;
  return (
    <Page title={words.title}>
      <Loading from={overview} lines={8}>
        {(data) => (
          <div class="stack">
            {isConnected ? <Standing data={data} /> : <Connect />}
            {isConnected && <Attention data={data} />}
            {isConnected && (
              <div class="side-by-side">
                <Mapping data={data} mapping={mapping} />
                <ToDate licenses={data.licensesByDay} />
              </div>
            )}
            <Recent data={data} />
          </div>
        )}
      </Loading>
    </Page>
  );
}

function Connect() {
  return (
    <section class="card connect">
      <h2>{words.connectTitle}</h2>
      <p>{words.connectWill}</p>
      <p>{words.connectWont}</p>
      <p>{words.connectNeeds}</p>
      <ul class="rights">
        {Object.values(words.rights).map((right) => (
          <li key={right}>
            <Icon name="check" />
            {right}
          </li>
        ))}
      </ul>
      {isAdmin.value && (
        <p class="row">
          <Link class="button primary" to="/setup/credentials">
            {words.connect}
          </Link>
        </p>
      )}
    </section>
  );
}

function Standing({ data }: { data: OverviewQuery }) {
  const connection = data.psaConnection;
  const [pushed] = data.pushed.nodes;
  return (
    <section class="card standing" aria-label={words.connection}>
      <div class="row">
        <h2>{connection.companyName}</h2>
        <Badge tone={TONES[connection.status]} icon={connection.status === 'PAUSED' ? 'pause' : undefined}>
          {shared.states[connection.status]}
        </Badge>
        <span class="muted">
          {connection.site} · {connection.companyId}
        </span>
        <span class="spring" />
        {isAdmin.value && connection.status === 'SETUP' && (
          <Link class="button primary" to={connection.isConfirmed ? '/import' : '/setup/products'}>
            {words.continue}
          </Link>
        )}
        {isAdmin.value && connection.status === 'ACTIVE' && (
          <Link class="button primary" to="/runs/preview">
            {words.sync}
          </Link>
        )}
      </div>
      {connection.status === 'SETUP' && <p>{words.settingUp}</p>}
      <dl class="figures">
        <div>
          <dt>{words.nextLabel}</dt>
          <dd>{words.next(...nextClose(data.serverTime))}</dd>
        </div>
        <div>
          <dt>{words.lastPush}</dt>
          <dd>{pushed ? <Instant at={pushed.recordedAt} now={new Date(data.serverTime)} /> : words.noPush}</dd>
        </div>
      </dl>
    </section>
  );
}

/** When the next month closes (00:30 UTC on day 1), and which one. */
function nextClose(now: string): [string, string] {
  const at = new Date(now);
  const thisMonths = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1, 0, 30);
  const ahead = at.getTime() < thisMonths ? 0 : 1;
  const close = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + ahead, 1, 0, 30));
  const closed = new Date(Date.UTC(close.getUTCFullYear(), close.getUTCMonth() - 1, 1));
  return [close.toISOString(), closed.toISOString().slice(0, 7)];
}

function Attention({ data }: { data: OverviewQuery }) {
  const leaks = (['LICENSE', 'SERVER'] as const).flatMap((component) => {
    const of = data.unbilledUsage.filter((one) => one.state === 'UNMAPPED' && one.component === component);
    const units = of.reduce((sum, one) => sum + one.units, 0);
    return units > 0 ? [words.units[component](units)] : [];
  });
  const isCalm = data.exceptions.totalCount === 0 && leaks.length === 0;
  return (
    <section class="card attention">
      <h2>{words.needsAttention}</h2>
      {isCalm && (
        <p class="row">
          <Badge tone="good">{words.nothing}</Badge>
        </p>
      )}
      {data.exceptions.totalCount > 0 && <Exceptions exceptions={data.exceptions.nodes} />}
      {data.exceptions.totalCount > data.exceptions.nodes.length && (
        <p class="row">
          <Link to={`/month-end/${data.serverTime.slice(0, 7)}`}>{words.all(data.exceptions.totalCount)}</Link>
        </p>
      )}
      {leaks.length > 0 && (
        <ul class="exceptions">
          <li>
            <Icon name="warning" />
            <div>
              <p>{words.leaks(leaks)}</p>
            </div>
            {isAdmin.value && (
              <Link class="button" to="/companies" params={{ by: 'organization', state: 'open' }}>
                {words.showCompanies}
              </Link>
            )}
          </li>
        </ul>
      )}
    </section>
  );
}

function Mapping({ data, mapping }: { data: OverviewQuery; mapping: MappingQuery | undefined }) {
  const suggested = mapping?.mappingSuggestions.totalCount;
  const count = (state: string) => data.organizations.counts.find((one) => one.state === state)?.count ?? 0;
  const [mapped, all] = [count('MAPPED'), data.organizations.totalCount];
  return (
    <section class="card">
      <h2>{words.mapping}</h2>
      {all === 0 ? (
        <Empty title={words.noFacts} />
      ) : (
        <>
          <progress value={mapped} max={all} aria-label={words.mappingOf(mapped, all)} />
          <p class="row">
            <span>{words.mapped(mapped)}</span>
            <span class="muted">
              <span class={suggested === undefined ? 'coming' : undefined}>{words.suggested(suggested ?? 0)}</span> ·{' '}
              {words.unmapped(count('UNMAPPED'))} · {words.excluded(count('EXCLUDED'))}
            </span>
          </p>
        </>
      )}
    </section>
  );
}

function Recent({ data }: { data: OverviewQuery }) {
  const names = useNames(data.recent.nodes);
  return (
    <section class="card recent">
      <div class="row">
        <h2>{words.recent}</h2>
        <span class="spring" />
        <Link to="/history">{words.history}</Link>
      </div>
      {data.recent.nodes.length === 0 && <p class="muted">{words.noFacts}</p>}
      <ol>
        {data.recent.nodes.map((fact) => (
          <li key={fact.id}>
            <Instant at={fact.recordedAt} />
            <span>
              <span class="muted">{fact.actor.subject}</span>{' '}
              <span class={names.areComing(fact) ? 'coming' : undefined}>{sentenceOf(fact, names)}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
