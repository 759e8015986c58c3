import { useState } from 'preact/hooks';
import { allPages, type Page as Rows, useList, useQuery } from '../../graphql/query.ts';
import { useNames, withNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { mspInView } from '../../session.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Field } from '../../ui/Field.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { Typed } from '../../ui/Typed.tsx';
import { words as shared } from '../../words/en.ts';
import { inUtc } from '../../words/format.ts';
import { type DifferencesQuery, differencesQuery, nowQuery } from './queries.graphql.ts';
import { words } from './words.ts';

/** What differs, with the organization it is about where it is about one. */
type Difference = DifferencesQuery['connectionDifference']['nodes'][number] & { readonly organization: string | null };
const FIRST = 50;
const WEEK = 7 * 86_400_000;

function instantIn(name: string): string | null {
  const given = here.value.params.get(name);
  return given === null || Number.isNaN(Date.parse(given)) ? null : new Date(given).toISOString();
}

/** What differs between two instants, before and after side by side. */
export default function Compare() {
  const clock = useQuery(nowQuery, {}, { isLive: false });
  const [from, to] = [instantIn('from'), instantIn('to')];
  return (
    <Page title={words.title} beside={<Link to="/history">{words.back}</Link>}>
      <div class="stack">
        <p>{words.means}</p>
        <Loading from={clock} lines={2}>
          {({ serverTime }) => (
            <Instants
              from={from ?? new Date(Date.parse(serverTime) - WEEK).toISOString()}
              to={to ?? serverTime}
              now={serverTime}
            />
          )}
        </Loading>
        {from !== null && to !== null && <Differences key={`${from} ${to}`} from={from} to={to} />}
      </div>
    </Page>
  );
}

function Instants({ from, to, now }: { from: string; to: string; now: string }) {
  const [error, setError] = useState<string>();
  return (
    <form
      class="filters instants"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget);
        const [first, second] = ['from', 'to'].map((name) => new Date(`${given.get(name)}Z`));
        const isRight = first && second && first < second && second.getTime() <= Date.parse(now);
        setError(isRight ? undefined : words.invalid);
        if (isRight) setParams({ from: first.toISOString(), to: second.toISOString() }, { push: true });
      }}
    >
      <Field label={words.from} error={error}>
        {(slots) => <Typed {...slots} type="datetime-local" name="from" step={1} value={from.slice(0, 19)} required />}
      </Field>
      <Field label={words.to}>
        {(slots) => <Typed {...slots} type="datetime-local" name="to" step={1} value={to.slice(0, 19)} required />}
      </Field>
      <button type="submit" class="primary">
        {words.show}
      </button>
    </form>
  );
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

function differencesOf({ connectionDifference }: DifferencesQuery): Rows<Difference> {
  const nodes = connectionDifference.nodes.map((one) => ({
    ...one,
    organization: one.subject === 'organization' ? one.key : null,
  }));
  return { ...connectionDifference, nodes };
}

/** Values as people know them from other pages: states, truths and instants have words. */
function told(value: string | null): string {
  if (value === null) return '–';
  if (value === 'true' || value === 'false') return words[value];
  if (INSTANT.test(value)) return inUtc(value, 'second');
  return value in shared.states ? shared.states[value as keyof typeof shared.states] : value;
}

function Differences({ from, to }: { from: string; to: string }) {
  const asked = { first: FIRST, from, to, msp: mspInView.value };
  const list = useList(differencesQuery, asked, differencesOf, { isLive: false });
  const names = useNames(list.page.value?.nodes ?? []);
  const columns: readonly Column<Difference>[] = [
    { name: words.subject, cell: (row) => words.subjects[row.subject] ?? row.subject },
    { name: words.which, isHead: true, cell: (row) => names.organization(row.key) ?? (row.key || words.all) },
    { name: words.field, cell: (row) => row.field.replaceAll('_', ' ') },
    { name: words.before(from), isWide: true, value: (row) => row.before, cell: (row) => told(row.before) },
    {
      name: words.after(to),
      isWide: true,
      value: (row) => row.after,
      cell: (row) => <strong>{told(row.after)}</strong>,
    },
  ];
  return (
    <ListOf from={list} empty={<Empty title={words.same} means={words.sameMeans} />}>
      {({ nodes }) => (
        <Table
          label={words.title}
          columns={columns}
          rows={nodes}
          rowKey={(row) => `${row.subject} ${row.key} ${row.field}`}
          file={{
            name: 'differences',
            ids: [{ name: 'key', value: (row) => row.key }],
            rows: () => withNames(allPages(differencesQuery, asked, differencesOf)),
          }}
        />
      )}
    </ListOf>
  );
}
