import { allPages, useList } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { mayAct, mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Page } from '../../ui/Page.tsx';
import { quantityColumn } from '../../ui/Quantity.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { month } from '../../words/format.ts';
import { labels, runTones } from '../../words/labels.ts';
import { type RunsQuery, runsQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Run = RunsQuery['runs']['nodes'][number];
type Kind = Run['kind'];
type Status = Run['status'];

const FIRST = 50;

function chosen<Name extends string>(name: string, all: Readonly<Record<Name, string>>): Name | null {
  const given = here.value.params.get(name);
  return given !== null && given in all ? (given as Name) : null;
}

export default function Runs() {
  const kind = chosen<Kind>('kind', labels.runs);
  const status = chosen<Status>('status', labels.runStates);
  const variables = { first: FIRST, filter: { kind, status }, msp: mspInView.value };
  const list = useList(runsQuery, variables, (data) => data.runs);
  const count = (state: Status) => list.page.value?.counts.find((one) => one.state === state)?.count ?? 0;
  return (
    <Page
      title={words.title}
      beside={
        mayAct.value && (
          <Link class="button primary" to="/runs/preview">
            {words.preview}
          </Link>
        )
      }
    >
      <div class="stack">
        <search class="filters">
          <label>
            <span>{words.kind}</span>
            <select value={kind ?? ''} onChange={(event) => setParams({ kind: event.currentTarget.value })}>
              <option value="">{words.any}</option>
              {(Object.keys(labels.runs) as Kind[]).map((one) => (
                <option key={one} value={one}>
                  {labels.runs[one]}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>{words.status}</span>
            <select value={status ?? ''} onChange={(event) => setParams({ status: event.currentTarget.value })}>
              <option value="">{words.any}</option>
              {(Object.keys(labels.runStates) as Status[]).map((one) => (
                <option key={one} value={one}>
                  {words.withCount(labels.runStates[one], count(one))}
                </option>
              ))}
            </select>
          </label>
        </search>
        <ListOf
          from={list}
          empty={<Empty title={words.empty} means={words.emptyMeans} />}
          clearFilters={kind || status ? () => setParams({ kind: null, status: null }) : undefined}
        >
          {({ nodes }) => (
            <Table
              label={words.title}
              columns={columns}
              rows={nodes}
              rowKey={(run) => run.id}
              file={{
                name: 'runs',
                ids: [{ name: 'id', value: (run) => run.id }],
                rows: () => allPages(runsQuery, variables, (data) => data.runs),
              }}
            />
          )}
        </ListOf>
      </div>
    </Page>
  );
}

const columns: readonly Column<Run>[] = [
  {
    name: words.kind,
    isHead: true,
    value: (run) => labels.runs[run.kind],
    cell: (run) => (
      <Link to={run.kind === 'PREVIEW' ? '/runs/preview' : `/runs/${run.id}`} params={paramsOf(run)}>
        {labels.runs[run.kind]}
      </Link>
    ),
  },
  { name: words.asked, value: (run) => run.requestedAt, cell: (run) => <Instant at={run.requestedAt} /> },
  { name: words.by, cell: (run) => run.requestedBy ?? words.clock },
  { name: words.month, value: (run) => run.month, cell: (run) => (run.month === null ? '–' : month(run.month)) },
  quantityColumn(words.lines, (run) => run.lineCount),
  { name: words.result, isWide: true, cell: (run) => resultOf(run) },
  { name: words.status, value: stateOf, cell: (run) => <State run={run} /> },
];

const paramsOf = (run: Run) => (run.kind === 'PREVIEW' ? { run: run.id } : {});

function stateOf(run: Run): string {
  return run.problem === null ? labels.runStates[run.status] : words.failed;
}

function State({ run }: { run: Run }) {
  return <Badge tone={run.problem === null ? runTones[run.status] : 'bad'}>{stateOf(run)}</Badge>;
}

function resultOf(run: Run): string {
  if (run.kind === 'PREVIEW') return '–';
  if (run.kind === 'IMPORT') {
    const companies = run.progress.find((one) => one.state === 'companies')?.count;
    return companies === undefined ? '–' : words.companies(companies);
  }
  const known = run.progress.filter((one) => one.state in labels.outcomes && one.count > 0);
  const said = known.map((one) => words.outcome(labels.outcomes[one.state as keyof typeof labels.outcomes], one.count));
  return said.join(' · ') || '–';
}
