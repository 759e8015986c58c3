import { Exceptions } from '../../exceptions/Exceptions.tsx';
import { useQuery } from '../../graphql/query.ts';
import { LineName, lineIds, lineName, Why } from '../../names/LineName.tsx';
import { type Names, useNames } from '../../names/names.ts';
import { usePlans } from '../../names/plans.ts';
import { Link } from '../../router/Link.tsx';
import type { PageProps } from '../../router/routes.ts';
import { isMonth, monthOf, shifted } from '../../rules/months.ts';
import { mayAct, mspInView } from '../../session.ts';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading, Skeleton } from '../../ui/Loading.tsx';
import { MonthNav } from '../../ui/MonthNav.tsx';
import { Page } from '../../ui/Page.tsx';
import { quantityColumn } from '../../ui/Quantity.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { month as named } from '../../words/format.ts';
import { labels } from '../../words/labels.ts';
import './month_end.css';
import { clockQuery, type MonthEndQuery, monthEndQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Report = MonthEndQuery['monthEnd'];
type Line = Report['lines'][number];
type Leak = Report['leaks'][number] & { readonly excludedBecause?: string | null };
type Correction = Report['corrections'][number];

const TONES: Readonly<Record<Line['state'], Tone>> = {
  VERIFIED: 'good',
  WAITING: 'busy',
  MOVED_ON: 'warn',
  EDITED_BY_HAND: 'bad',
  CORRECTED_LATER: 'warn',
  BEING_LEFT: 'bad',
};

export default function MonthEnd({ params }: PageProps) {
  const clock = useQuery(clockQuery, {}, { isLive: false });
  const now = clock.data.value?.serverTime;
  const given = params.month;
  const month = isMonth(given) ? given : now && shifted(monthOf(now), -1);
  const loaded = useQuery(monthEndQuery, month === undefined ? null : { month, msp: mspInView.value });
  return (
    <Page
      title={month ? words.title(month) : words.none}
      beside={
        month && (
          <div class="row">
            <button type="button" onClick={() => print()}>
              {words.print}
            </button>
            <MonthNav month={month} newest={now ? monthOf(now) : month} pathOf={(other) => `/month-end/${other}`} />
          </div>
        )
      }
    >
      {month === undefined ? (
        <Loading from={clock} lines={8}>
          {() => <Skeleton lines={8} />}
        </Loading>
      ) : (
        <Loading from={loaded} lines={8}>
          {({ monthEnd }) =>
            monthEnd.month === month ? (
              <Shown report={monthEnd} isOpen={now !== undefined && month === monthOf(now)} />
            ) : (
              <Skeleton lines={8} />
            )
          }
        </Loading>
      )}
    </Page>
  );
}

function Shown({ report, isOpen }: { report: Report; isOpen: boolean }) {
  const { lines, exceptions, leaks, excluded, corrections } = report;
  const names = useNames([...lines, ...corrections, ...leaks, ...excluded]);
  const things = exceptions.length + leaks.length + lines.filter((line) => line.state !== 'VERIFIED').length;
  return (
    <div class="stack">
      <section class="card verdict">
        <p class="row">
          {report.safeToInvoice ? (
            <Badge tone="good">{words.safe}</Badge>
          ) : (
            <Badge tone={isOpen ? 'busy' : 'warn'}>{isOpen ? words.open : words.notYet(Math.max(1, things))}</Badge>
          )}
          <strong>
            {isOpen ? words.openMeans(report.month) : report.sentence.replace(report.month, named(report.month))}
          </strong>
        </p>
      </section>
      {exceptions.length > 0 && (
        <section class="card">
          <h2>{words.exceptions(exceptions.length)}</h2>
          <Exceptions exceptions={exceptions} />
        </section>
      )}
      {leaks.length > 0 && (
        <section class="stack">
          <h2>{words.leaks(leaks.length)}</h2>
          <p>{words.leaksMean}</p>
          <Unbilled label={words.leaks(leaks.length)} name={`not-billed-${report.month}`} rows={leaks} names={names} />
        </section>
      )}
      {corrections.length > 0 && (
        <section class="stack">
          <h2>{words.corrections(corrections.length)}</h2>
          <p>{words.correctionsMean}</p>
          <Corrections month={report.month} rows={corrections} names={names} />
        </section>
      )}
      {report.isClosed && (
        <section class="stack">
          <h2>{words.lines(lines.length)}</h2>
          {lines.length === 0 ? (
            <Empty title={words.nothing} means={words.nothingMeans} />
          ) : (
            <Lines month={report.month} lines={lines} names={names} />
          )}
        </section>
      )}
      {excluded.length > 0 && (
        <section class="stack">
          <h2>{words.excluded(excluded.length)}</h2>
          <Unbilled
            label={words.excluded(excluded.length)}
            name={`excluded-${report.month}`}
            rows={excluded}
            names={names}
          />
        </section>
      )}
    </div>
  );
}

function Lines({ month, lines, names }: { month: string; lines: readonly Line[]; names: Names }) {
  const columns: readonly Column<Line>[] = [
    {
      name: words.line,
      isHead: true,
      value: (line) => lineName(line, names),
      cell: (line) => <LineName line={line} names={names} />,
    },
    quantityColumn(words.closed, (line) => line.closed),
    quantityColumn(words.written, (line) => line.target),
    {
      name: words.state,
      value: (line) => words.states[line.state],
      cell: (line) => <Badge tone={TONES[line.state]}>{words.states[line.state]}</Badge>,
    },
    {
      name: words.verified,
      value: (line) => line.verifiedAt,
      cell: (line) => line.verifiedAt && <Instant at={line.verifiedAt} />,
    },
    {
      name: words.why,
      isNameHidden: true,
      cell: (line) => <Why line={line} month={month} count={line.closed} name={lineName(line, names)} />,
    },
  ];
  return (
    <Table
      label={words.lines(lines.length)}
      columns={columns}
      rows={lines}
      rowKey={(line) => `${line.agreement} ${line.product}`}
      file={{ name: `month-end-${month}`, ids: lineIds }}
    />
  );
}

type About = { readonly product: number | null; readonly plan: string | null; readonly component: Leak['component'] };

function useWhat(names: Names): (about: About) => string {
  const plan = usePlans();
  return (about) => {
    if (about.product !== null) return names.product(about.product)?.identifier ?? String(about.product);
    return [about.plan && plan(about.plan), about.component && labels.components[about.component]]
      .filter(Boolean)
      .join(' · ');
  };
}

const organizationIds = [
  { name: 'organization_id', value: (row: { readonly organization: string }) => row.organization },
];

function Unbilled({ label, name, rows, names }: { label: string; name: string; rows: readonly Leak[]; names: Names }) {
  const what = useWhat(names);
  const isExcluded = rows.some((row) => row.excludedBecause);
  const last: Column<Leak> = isExcluded
    ? { name: words.reason, isWide: true, cell: (row) => row.excludedBecause }
    : {
        name: words.cure,
        isNameHidden: true,
        cell: (row) =>
          mayAct.value && (
            <Link
              class="button"
              to="/companies"
              params={{ by: 'organization', search: row.organizationName }}
              aria-label={`${words.map} ${row.organizationName}`}
            >
              {words.map}
            </Link>
          ),
      };
  return (
    <Table
      label={label}
      columns={[
        {
          name: words.organization,
          isHead: true,
          value: (row) => row.organizationName,
          cell: (row) => (
            <Link to={`/organizations/${encodeURIComponent(row.organization)}`}>{row.organizationName}</Link>
          ),
        },
        { name: words.what, cell: what },
        quantityColumn<Leak>(words.quantity, (row) => row.quantity),
        last,
      ]}
      rows={rows}
      file={{ name, ids: organizationIds }}
      rowKey={(row) => `${row.organization} ${row.product} ${row.plan} ${row.component}`}
    />
  );
}

function Corrections({ month, rows, names }: { month: string; rows: readonly Correction[]; names: Names }) {
  const what = useWhat(names);
  const columns: readonly Column<Correction>[] = [
    {
      name: words.organization,
      isHead: true,
      value: (row) => names.organization(row.organization),
      cell: (row) => (
        <Link to={`/organizations/${encodeURIComponent(row.organization)}`} params={{ month }}>
          {names.organization(row.organization) ?? row.organization}
        </Link>
      ),
    },
    { name: words.what, cell: what },
    quantityColumn(words.from, (row) => row.oldQuantity),
    quantityColumn(words.to, (row) => row.quantity),
    {
      name: words.change,
      value: (row) => row.changeId,
      cell: (row) => <span class="change-id">{row.changeId}</span>,
    },
    { name: words.recorded, value: (row) => row.recordedAt, cell: (row) => <Instant at={row.recordedAt} /> },
    {
      name: words.cure,
      isNameHidden: true,
      cell: (row) =>
        mayAct.value && (
          <Link class="button" to="/runs/preview" params={{ month, organizations: row.organization }}>
            {words.push(month)}
          </Link>
        ),
    },
  ];
  return (
    <Table
      label={words.corrections(rows.length)}
      columns={columns}
      rows={rows}
      rowKey={(row) => `${row.organization} ${row.version} ${row.product} ${row.plan} ${row.component}`}
      file={{ name: `corrections-${month}`, ids: organizationIds }}
    />
  );
}
