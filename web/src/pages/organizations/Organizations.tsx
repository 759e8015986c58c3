import { allPages, useList } from '../../graphql/query.ts';
import { usePlans } from '../../names/plans.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { asOf, mayAct, mspInView } from '../../session.ts';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Page } from '../../ui/Page.tsx';
import { quantityColumn } from '../../ui/Quantity.tsx';
import { type Column, Table, type TableFile } from '../../ui/Table.tsx';
import { labels } from '../../words/labels.ts';
import {
  type OrganizationsQuery,
  type OrganizationsThenQuery,
  organizationsQuery,
  organizationsThenQuery,
} from './queries.graphql.ts';
import { words } from './words.ts';

type Now = OrganizationsQuery['organizations']['nodes'][number];
type Then = OrganizationsThenQuery['connectionAsOf']['organizations']['nodes'][number];
type State = keyof typeof words.states;

/** An organization of now or of then, as the table shows it. */
type Row = {
  readonly id: string;
  readonly name: string;
  readonly plan: string | null;
  readonly licenseType: Now['licenseType'] | null;
  readonly companyName: string | null;
  readonly agreementName: string | null;
  readonly excludedBecause: string | null;
  readonly licenses: number | null;
  readonly servers: number | null;
  readonly isClosed: boolean;
  readonly isSelfManaged: boolean;
};

const FIRST = 50;
const FILTERS: Readonly<Record<State, object>> = {
  ALL: {},
  MAPPED: { isMapped: true },
  UNMAPPED: { isMapped: false, isExcluded: false },
  EXCLUDED: { isExcluded: true },
};

export default function Organizations() {
  return <Page title={words.title}>{asOf.value === null ? <OfNow /> : <OfThen at={asOf.value} />}</Page>;
}

function OfNow() {
  const search = here.value.params.get('search') ?? '';
  const given = here.value.params.get('state');
  const state: State = given !== null && given in FILTERS ? (given as State) : 'ALL';
  const variables = { first: FIRST, filter: { search: search || null, ...FILTERS[state] }, msp: mspInView.value };
  const rowsOf = ({ organizations }: OrganizationsQuery) => ({
    ...organizations,
    nodes: organizations.nodes.map(rowOfNow),
  });
  const list = useList(organizationsQuery, variables, rowsOf);
  const counts = list.page.value?.counts ?? [];
  const all = counts.reduce((sum, one) => sum + one.count, 0);
  const count = (one: State) => (one === 'ALL' ? all : (counts.find((each) => each.state === one)?.count ?? 0));
  const isFiltered = search !== '' || state !== 'ALL';
  return (
    <div class="stack">
      <search class="filters">
        <input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          value={search}
          onInput={(event) => setParams({ search: event.currentTarget.value })}
        />
        <fieldset class="segments">
          <legend class="hidden">{words.state}</legend>
          {(Object.keys(FILTERS) as State[]).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="state"
                value={one}
                checked={one === state}
                onChange={() => setParams({ state: one })}
              />
              <span>{words.choice(words.states[one], count(one))}</span>
            </label>
          ))}
        </fieldset>
      </search>
      <ListOf
        from={list}
        empty={
          <Empty title={words.empty} means={words.emptyMeans}>
            {mayAct.value && (
              <Link class="button primary" to="/companies">
                {words.mapCompanies}
              </Link>
            )}
          </Empty>
        }
        clearFilters={isFiltered ? () => setParams({ search: null, state: null }) : undefined}
      >
        {({ nodes }) => <Rows rows={nodes} all={() => allPages(organizationsQuery, variables, rowsOf)} />}
      </ListOf>
    </div>
  );
}

function OfThen({ at }: { at: string }) {
  const variables = { first: FIRST, at, msp: mspInView.value };
  const rowsOf = ({ connectionAsOf: { organizations } }: OrganizationsThenQuery) => ({
    ...organizations,
    nodes: organizations.nodes.map(rowOfThen),
  });
  const list = useList(organizationsThenQuery, variables, rowsOf, { isLive: false });
  return (
    <ListOf from={list} empty={<Empty title={words.emptyThen} />}>
      {({ nodes }) => <Rows rows={nodes} all={() => allPages(organizationsThenQuery, variables, rowsOf)} />}
    </ListOf>
  );
}

function rowOfThen(one: Then): Row {
  const counted = (component: string) => one.quantities.find((each) => each.component === component)?.counted ?? null;
  return {
    ...one,
    id: one.organization,
    name: one.name ?? one.organization,
    licenses: counted('LICENSE'),
    servers: counted('SERVER'),
    isClosed: one.isClosed === true,
    isSelfManaged: one.management === 'SELF',
  };
}

function rowOfNow(one: Now): Row {
  return {
    ...one,
    companyName: one.mapping?.companyName ?? null,
    agreementName: one.mapping?.agreementName ?? null,
    excludedBecause: one.mapping?.excludedBecause ?? null,
    isSelfManaged: one.management === 'SELF',
  };
}

function bills(row: Row): string {
  if (row.excludedBecause !== null) return words.excluded(row.excludedBecause);
  return [row.companyName, row.agreementName].filter(Boolean).join(' · ') || '–';
}

function standingOf(row: Row): readonly [Tone, string] {
  if (row.isClosed) return ['calm', words.closed];
  if (row.isSelfManaged) return ['calm', words.selfManaged];
  if (row.excludedBecause !== null) return ['calm', labels.usage.EXCLUDED];
  if (row.agreementName === null) return ['warn', labels.usage.UNMAPPED];
  return ['good', words.states.MAPPED];
}

function Standing({ row }: { row: Row }) {
  const [tone, said] = standingOf(row);
  return <Badge tone={tone}>{said}</Badge>;
}

function Rows({ rows, all }: { rows: readonly Row[]; all: Exclude<TableFile<Row>['rows'], undefined> }) {
  const plan = usePlans();
  const columns: readonly Column<Row>[] = [
    {
      name: words.organization,
      isHead: true,
      value: (row) => row.name,
      cell: (row) => <Link to={`/organizations/${encodeURIComponent(row.id)}`}>{row.name}</Link>,
    },
    { name: words.plan, cell: (row) => about(row, plan) },
    { name: words.bills, isWide: true, cell: (row) => bills(row) },
    quantityColumn(words.licenses, (row) => row.licenses),
    quantityColumn(words.servers, (row) => row.servers),
    { name: words.standing, value: (row) => standingOf(row)[1], cell: (row) => <Standing row={row} /> },
  ];
  return (
    <Table
      label={words.title}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      file={{ name: 'organizations', ids: [{ name: 'id', value: (row) => row.id }], rows: all }}
    />
  );
}

function about({ plan, licenseType }: Row, name: (plan: string) => string): string {
  return [plan && name(plan), licenseType && labels.licenseTypes[licenseType]].filter(Boolean).join(' · ');
}
