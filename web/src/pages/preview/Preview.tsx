import { useEffect, useState } from 'preact/hooks';
import { useAct } from '../../graphql/act.ts';
import { useQuery } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { asOf, mayAct, mspInView } from '../../session.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading, Skeleton } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Problem, Refused } from '../../ui/Problem.tsx';
import { Lines } from './Lines.tsx';
import './preview.css';
import { type PreviewQuery, previewQuery, previewSyncMutation } from './queries.graphql.ts';
import { Scope } from './Scope.tsx';
import { words } from './words.ts';

type Run = NonNullable<PreviewQuery['run']>;
type Asked = { month: string | null; organizations: string[] | null; undoes: string | null };

/** The scope in the address, for a preview that is still to be made. */
function askedFor(): Asked {
  const { params } = here.value;
  const organizations = params.get('organizations');
  return {
    month: params.get('month'),
    organizations: organizations === null ? null : organizations.split(','),
    undoes: params.get('undoes'),
  };
}

export default function Preview() {
  const id = here.value.params.get('run');
  const isUndo = here.value.params.get('undoes') !== null;
  const loaded = useQuery(previewQuery, id === null ? null : { id, msp: mspInView.value });
  const run = loaded.data.value?.run;
  const isShown = run !== undefined && run?.id === id;
  return (
    <Page
      title={(run?.undoes ?? null) !== null || isUndo ? words.undoTitle : words.title}
      beside={isShown && run && <Beside run={run} />}
    >
      {id === null ? (
        <Start />
      ) : (
        <Loading from={loaded} lines={6}>
          {(data) => {
            if (data.run === null) return <Empty title={words.unknown}>{runs}</Empty>;
            return data.run.id === id ? <Made key={id} run={data.run} data={data} /> : <Skeleton lines={6} />;
          }}
        </Loading>
      )}
    </Page>
  );
}

const runs = (
  <Link class="button" to="/runs">
    {words.toRuns}
  </Link>
);

/** Show another preview in this one's place; Back leads to where the first one was asked for. */
function show(id: string): void {
  setParams({ run: id });
}

type Refusal = { readonly __typename: string; readonly message: string };

/** Asks for a preview as soon as the page is there: a preview can write nothing. */
function Start() {
  const preview = useAct(previewSyncMutation);
  const [refusal, setRefusal] = useState<Refusal>();
  const asked = askedFor();
  async function start(): Promise<void> {
    setRefusal(undefined);
    const answer = await preview.run(asked);
    if (answer === undefined) return;
    if ('message' in answer) setRefusal(answer);
    else show(answer.run.id);
  }
  const key = JSON.stringify(asked);
  // The key stands for the scope, which is a new object each time.
  useEffect(() => {
    if (mayAct.value) void start();
  }, [key]);
  if (asOf.value !== null) return <Empty title={words.alwaysNow} />;
  if (!mayAct.value) return <Empty title={words.forAdmins}>{runs}</Empty>;
  if (preview.failure.value) return <Failed failure={preview.failure.value} retry={() => void start()} />;
  if (refusal) return <Refused refusal={refusal} />;
  return (
    <>
      <p role="status">{words.reading}</p>
      <Skeleton lines={6} />
    </>
  );
}

function Beside({ run }: { run: Run }) {
  return (
    <p class="row">
      <span class="muted">
        {words.asked} <Instant at={run.finishedAt ?? run.requestedAt} precision="second" />
      </span>
      {mayAct.value && (
        <button
          type="button"
          onClick={() =>
            setParams({
              run: null,
              month: run.month,
              organizations: run.organizations?.join(',') ?? null,
              undoes: run.undoes,
            })
          }
        >
          {words.refresh}
        </button>
      )}
    </p>
  );
}

function Made({ run, data }: { run: Run; data: PreviewQuery }) {
  if (run.problem !== null) {
    return (
      <Problem
        trouble={{ what: words.failed, means: words.failedMeans, cure: words.failedCure }}
        details={run.problem}
      />
    );
  }
  if (run.status !== 'FINISHED') {
    return (
      <>
        <p role="status">{words.reading}</p>
        <Skeleton lines={6} />
      </>
    );
  }
  const isEarly = isWithinHold(data);
  return (
    <div class="stack">
      <p>{run.undoes === null ? words.means : words.undoMeans}</p>
      {run.undoes === null && mayAct.value && <Scope run={run} now={data.serverTime} />}
      {run.undoes === null && isEarly && <p class="banner">{words.hold(data.psaConnection.settings.holdDays)}</p>}
      <Lines run={run} />
    </div>
  );
}

/** Whether new-month quantities may still be held back by the settings. */
function isWithinHold({ serverTime, psaConnection }: PreviewQuery): boolean {
  const { holdDays } = psaConnection.settings;
  return holdDays > 0 && new Date(serverTime).getUTCDate() <= holdDays + 1;
}
