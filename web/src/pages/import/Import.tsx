import { useState } from 'preact/hooks';
import { useAct } from '../../graphql/act.ts';
import { useQuery } from '../../graphql/query.ts';
import { ImportCounts } from '../../imports/ImportCounts.tsx';
import { Vanished } from '../../imports/Vanished.tsx';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { mspInView } from '../../session.ts';
import { isSetup, SetupSteps } from '../../setup/SetupSteps.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Problem, Refused } from '../../ui/Problem.tsx';
import { Quantity } from '../../ui/Quantity.tsx';
import {
  type ImportChoicesQuery,
  type ImportRunQuery,
  importChoicesQuery,
  importCompaniesMutation,
  importCountQuery,
  importCountsQuery,
  importRunQuery,
  type LastImportQuery,
  lastImportQuery,
} from './queries.graphql.ts';
import './import.css';
import { words } from './words.ts';

type Entry = ImportChoicesQuery['psaCompanyTypes'][number];
type LastImport = NonNullable<LastImportQuery['psaConnection']['lastImport']>;
type Run = NonNullable<ImportRunQuery['run']>;

/** Which companies are read from ConnectWise; a run does it, and what it found is shown here. */
export default function Import() {
  const run = here.value.params.get('run');
  const last = useQuery(lastImportQuery, { msp: mspInView.value });
  return (
    <Page title={words.title}>
      <SetupSteps />
      <p class="lead">{words.means}</p>
      <div class="stack">
        {run !== null && <Running run={run} />}
        <Loading from={last}>
          {({ psaConnection: { status, lastImport } }) =>
            status === 'NOT_CONNECTED' ? (
              <Empty title={words.notConnected} means={words.notConnectedMeans}>
                <Link class="button primary" to="/setup/credentials">
                  {words.connect}
                </Link>
              </Empty>
            ) : (
              <>
                {run === null && lastImport && <Last last={lastImport} />}
                <Choose last={lastImport} />
              </>
            )
          }
        </Loading>
      </div>
    </Page>
  );
}

function Choose({ last }: { last: LastImport | null }) {
  const msp = mspInView.value;
  const choices = useQuery(importChoicesQuery, { msp }, { isLive: false });
  // Each count is a request to ConnectWise: the choice does not wait for them.
  const counts = useQuery(importCountsQuery, { msp }, { isLive: false }).data.value;
  const [chosen, choose] = useState({ types: last?.types ?? [], statuses: last?.statuses ?? [] });
  const count = useQuery(importCountQuery, { ...chosen, msp }, { isLive: false });
  const start = useAct(importCompaniesMutation);
  const [refusal, setRefusal] = useState<{ __typename: string; message: string }>();

  async function submit(): Promise<void> {
    const answer = await start.run(chosen);
    if (answer?.__typename === 'RunAccepted') setParams({ run: answer.run.id }, { push: true });
    else setRefusal(answer);
  }

  return (
    <Loading from={choices}>
      {(all) => (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          {start.failure.value && <Failed failure={start.failure.value} />}
          {refusal && <Refused refusal={refusal} />}
          <div class="choose">
            <Choices
              legend={words.types}
              entries={all.psaCompanyTypes}
              counts={counts?.psaCompanyTypes}
              chosen={chosen.types}
              choose={(types) => choose({ ...chosen, types })}
            />
            <Choices
              legend={words.statuses}
              entries={all.psaCompanyStatuses}
              counts={counts?.psaCompanyStatuses}
              chosen={chosen.statuses}
              choose={(statuses) => choose({ ...chosen, statuses })}
            />
          </div>
          {count.failure.value && <Failed failure={count.failure.value} retry={() => void count.reload()} />}
          <p role="status" class="figure">
            {count.isLoading.value || count.data.value === undefined
              ? !count.failure.value && words.counting
              : words.about(count.data.value.psaCompanyCount)}
          </p>
          <p class="row">
            <button type="submit" class="primary" disabled={start.isBusy.value}>
              {last ? words.again : words.go}
            </button>
          </p>
        </form>
      )}
    </Loading>
  );
}

function Choices({
  legend,
  entries,
  counts,
  chosen,
  choose,
}: {
  legend: string;
  entries: readonly Entry[];
  counts: readonly { readonly id: number; readonly companies: number }[] | undefined;
  chosen: number[];
  choose: (ids: number[]) => void;
}) {
  return (
    <fieldset class="card">
      <legend class="what">{legend}</legend>
      <p class="muted">{words.all}</p>
      {entries.map(({ id, name: text, isInactive }) => (
        <label key={id} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={(event) =>
              choose(event.currentTarget.checked ? [...chosen, id] : chosen.filter((one) => one !== id))
            }
          />
          <span>
            {text} {isInactive && <span class="muted">{words.inactive}</span>}
          </span>
          <span class="muted figure">
            <Quantity value={counts?.find((one) => one.id === id)?.companies ?? null} />
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Running({ run }: { run: string }) {
  const found = useQuery(importRunQuery, { run, msp: mspInView.value });
  return (
    <Loading from={found} lines={3}>
      {({ run: shown }) => {
        if (shown?.kind !== 'IMPORT') return <Empty title={words.unknown} />;
        if (shown.finishedAt === null) {
          return (
            <section class="card" aria-label={words.running}>
              <p role="status">{words.running}</p>
              <progress aria-label={words.running} />
              <p class="muted">{words.runningMeans}</p>
            </section>
          );
        }
        return <Finished run={shown} />;
      }}
    </Loading>
  );
}

function Finished({ run }: { run: Run }) {
  if (run.problem !== null) {
    return (
      <Problem
        trouble={{ what: words.failed, means: words.failedMeans, cure: words.failedCure }}
        details={run.problem}
      />
    );
  }
  const counts = Object.fromEntries(run.progress.map((one) => [one.state, one.count]));
  return (
    <section class="card stack" aria-label={words.done}>
      <p class="row" role="status">
        <Badge tone="good">{words.done}</Badge>
        {run.finishedAt && <Instant at={run.finishedAt} />}
      </p>
      <ImportCounts counts={counts} />
      <Vanished mappings={run.vanished} />
      <p class="row">
        <Link class="button primary" to={isSetup() ? '/setup/companies' : '/companies'}>
          {words.next}
        </Link>
      </p>
    </section>
  );
}

function Last({ last }: { last: LastImport }) {
  return (
    <section class="card stack" aria-label={words.last}>
      <div class="row">
        <h2>{words.last}</h2>
        {last.finishedAt && <Instant at={last.finishedAt} />}
      </div>
      <ImportCounts counts={last} />
      {isSetup() && (
        <p class="row">
          <Link class="button primary" to="/setup/companies">
            {words.next}
          </Link>
        </p>
      )}
    </section>
  );
}
