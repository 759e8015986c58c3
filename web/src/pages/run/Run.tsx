import { useState } from 'preact/hooks';
import { useAct } from '../../graphql/act.ts';
import { allPages, type Page as Rows, useList, useQuery } from '../../graphql/query.ts';
import { LineName, lineIds, lineName } from '../../names/LineName.tsx';
import { type Names, useNames, withNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import type { PageProps } from '../../router/routes.ts';
import { mayAct, mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Problem, Refused } from '../../ui/Problem.tsx';
import { Quantity, quantityColumn } from '../../ui/Quantity.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { shown, time } from '../../words/format.ts';
import { labels, outcomeTones, runTones } from '../../words/labels.ts';
import { holds, problems } from '../../words/problems.ts';
import { refusedLine } from '../../words/refused_line.ts';
import { Imported } from './Imported.tsx';
import { cancelRunMutation, type RunLinesQuery, type RunQuery, runLinesQuery, runQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Known = NonNullable<RunQuery['run']>;
type Line = NonNullable<RunLinesQuery['run']>['lines']['nodes'][number];
type Outcome = keyof typeof labels.outcomes;
type Refusal = { readonly __typename: string; readonly message: string };

const FIRST = 50;
const NONE: Rows<Line> = { nodes: [], totalCount: 0, counts: [], pageInfo: { hasNextPage: false, endCursor: null } };
const GOING_ON: readonly Known['status'][] = ['REQUESTED', 'RUNNING'];

export default function Run({ params }: PageProps) {
  const id = params.id ?? '';
  const loaded = useQuery(runQuery, { id, msp: mspInView.value });
  const data = loaded.data.value;
  const run = data?.run;
  return (
    <Page title={data && !run ? words.unknown : run ? titleOf(run) : words.run} beside={run && <Acts run={run} />}>
      <Loading from={loaded} lines={6}>
        {() =>
          run ? (
            <Shown key={run.id} run={run} />
          ) : (
            <Empty title={words.unknownMeans}>
              <Link class="button" to="/runs">
                {words.toRuns}
              </Link>
            </Empty>
          )
        }
      </Loading>
    </Page>
  );
}

function titleOf(run: Known): string {
  return run.month === null ? labels.runs[run.kind] : words.of(labels.runs[run.kind], run.month);
}

function Acts({ run }: { run: Known }) {
  const cancel = useAct(cancelRunMutation);
  const [refusal, setRefusal] = useState<Refusal>();
  const isGoingOn = GOING_ON.includes(run.status);
  const wrote = run.progress.some((one) => one.state === 'VERIFIED' && one.count > 0);
  async function stop(): Promise<void> {
    const answer = await cancel.run({ run: run.id });
    setRefusal(answer && 'message' in answer ? answer : undefined);
  }
  return (
    <div class="row">
      {run.kind === 'PREVIEW' && (
        <Link class="button" to="/runs/preview" params={{ run: run.id }}>
          {words.openPreview}
        </Link>
      )}
      {mayAct.value && isGoingOn && run.kind !== 'PREVIEW' && (
        <button type="button" title={words.cancelMeans} disabled={cancel.isBusy.value} onClick={() => void stop()}>
          {words.cancel}
        </button>
      )}
      {mayAct.value && !isGoingOn && run.kind === 'OVERWRITE' && wrote && (
        <Link class="button" to="/runs/preview" params={{ undoes: run.id }}>
          {words.undo}
        </Link>
      )}
      {cancel.failure.value && <Failed failure={cancel.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
    </div>
  );
}

function Shown({ run }: { run: Known }) {
  return (
    <div class="stack">
      <p class="row">
        <Badge tone={run.problem === null ? runTones[run.status] : 'bad'}>{labels.runStates[run.status]}</Badge>
        <span class="muted">
          <Instant at={run.requestedAt} /> · {run.requestedBy === null ? words.clock : words.askedBy(run.requestedBy)}
        </span>
        {run.undoes && <Link to={`/runs/${run.undoes}`}>{words.undoes}</Link>}
        <span class="spring" />
        <Link to="/history" params={{ run: run.id }}>
          {words.history}
        </Link>
      </p>
      {run.problem !== null && (
        <Problem
          trouble={{ what: words.failed, means: words.failedMeans, cure: words.failedCure }}
          details={run.problem}
        />
      )}
      {run.kind === 'IMPORT' ? <Imported run={run} /> : <Written run={run} />}
    </div>
  );
}

function Written({ run }: { run: Known }) {
  const asked = { id: run.id, first: FIRST, msp: mspInView.value };
  const linesOf = (data: RunLinesQuery): Rows<Line> => data.run?.lines ?? NONE;
  const list = useList(runLinesQuery, asked, linesOf);
  const names = useNames(list.page.value?.nodes ?? []);
  const isPlanned = run.plannedAt !== null;
  return (
    <>
      {run.kind !== 'PREVIEW' && <Progress run={run} />}
      {isPlanned && (
        <ListOf from={list} empty={<Empty title={words.noLines} />}>
          {({ nodes }) => (
            <Table
              label={words.lines}
              columns={columnsOf(names)}
              rows={nodes}
              rowKey={(line) => `${line.agreement} ${line.product}`}
              file={{
                name: `run-${run.id}`,
                ids: lineIds,
                rows: () => withNames(allPages(runLinesQuery, asked, linesOf)),
              }}
            />
          )}
        </ListOf>
      )}
    </>
  );
}

function Progress({ run }: { run: Known }) {
  const waiting = run.progress.find((one) => one.state === 'WAITING')?.count ?? 0;
  const isGoingOn = GOING_ON.includes(run.status);
  const done = isGoingOn ? Math.max(0, run.lineCount - waiting) : run.lineCount;
  const known = run.progress.filter((one) => one.state in labels.outcomes && one.count > 0);
  return (
    <section class="card stack" aria-label={labels.runs[run.kind]}>
      <progress
        value={run.plannedAt === null ? undefined : done}
        max={Math.max(1, run.lineCount)}
        aria-label={words.progress(done, run.lineCount)}
      />
      <p class="row">
        <span class="figure">{words.progress(done, run.lineCount)}</span>
        {known.map((one) => (
          <Badge key={one.state} tone={outcomeTones[one.state as Outcome]}>
            {words.outcome(labels.outcomes[one.state as Outcome], one.count)}
          </Badge>
        ))}
      </p>
      <p class="muted" role="status">
        {said(run, done)}
      </p>
    </section>
  );
}

/** At the start, half way and at the end: more often would be noise to who listens. */
function said(run: Known, done: number): string {
  if (run.plannedAt === null && run.status !== 'CANCELLED') return words.planning;
  if (done >= run.lineCount) return words.done;
  return done * 2 >= run.lineCount ? `${words.half} ${words.going}` : words.going;
}

function columnsOf(names: Names): readonly Column<Line>[] {
  return [
    {
      name: words.line,
      isHead: true,
      value: (line) => lineName(line, names),
      cell: (line) => <LineName line={line} names={names} />,
    },
    quantityColumn(words.before, foundIn),
    {
      name: words.after,
      isFigure: true,
      value: heldAfter,
      cell: (line) => (
        <strong>
          <Quantity value={heldAfter(line)} />
        </strong>
      ),
    },
    {
      name: words.result,
      value: (line) => labels.outcomes[line.outcome ?? 'WAITING'],
      cell: (line) => <Result line={line} />,
    },
    { name: words.because, isWide: true, cell: becauseOf },
    {
      name: words.at,
      value: (line) => line.outcomeAt,
      cell: (line) => line.outcomeAt && <Moment at={line.outcomeAt} />,
    },
  ];
}

/** The day is the run's own; it is in the tooltip. */
function Moment({ at }: { at: string }) {
  return (
    <time class="whole" dateTime={at} title={shown.value(at, 'second')}>
      {time(at)}
    </time>
  );
}

const foundIn = (line: Line) => line.outcomeFound ?? line.found;
const heldAfter = (line: Line) => (isWritten(line) ? (line.outcomeTarget ?? line.target) : foundIn(line));
const isWritten = (line: Line) => line.outcome === 'VERIFIED' || line.outcome === 'UNCHANGED';

function Result({ line }: { line: Line }) {
  const outcome: Outcome = line.outcome ?? 'WAITING';
  return <Badge tone={outcomeTones[outcome]}>{labels.outcomes[outcome]}</Badge>;
}

function becauseOf(line: Line): string {
  if (line.outcomeProblem === 'NUMBERS_MOVED') return words.moved(line.outcomeFound, line.outcomeTarget);
  if (line.outcomeProblem !== null)
    return `${problems[line.outcomeProblem].what} ${problems[line.outcomeProblem].means}`;
  if (line.outcomeHold !== null) return `${holds[line.outcomeHold].what} ${holds[line.outcomeHold].means}`;
  return refusedLine(line.problem) ?? '';
}
