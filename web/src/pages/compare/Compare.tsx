import { useState } from 'preact/hooks';
import { useList, useQuery } from '../../graphql/query.ts';
import { useNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { mspInView } from '../../session.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Field } from '../../ui/Field.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Page } from '../../ui/Page.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { words as shared } from '../../words/en.ts';
import { inUtc } from '../../words/format.ts';
import { type DifferencesQuery, differencesQuery, nowQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Difference = DifferencesQuery['connectionDifference']['nodes'][number];
const FIRST = 50;
const WEEK = 7 * 86_400_000;

function instantIn(name: string): string | null {
  const given = here.value.params.get(name);
  return given === null || Number.isNaN(Date.parse(given)) ? null : new Date(given).toISOString();
}

/** What differs between two instants, before and after side by side. */
export default function Compare() {
  const now = useQuery(nowQuery, {}, { isLive: false }).data.value?.serverTime;
  const [from, to] = [instantIn('from'), instantIn('to')];
  return (
    <Page title={words.title} beside={<Link to="/history">{words.back}</Link>}>
      <div class="stack">
        <p>{words.means}</p>
        {now && <Instants from={from ?? new Date(Date.parse(now) - WEEK).toISOString()} to={to ?? now} now={now} />}
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
        {(slots) => <input {...slots} type="datetime-local" name="from" step={1} value={from.slice(0, 19)} required />}
      </Field>
      <Field label={words.to}>
        {(slots) => <input {...slots} type="datetime-local" name="to" step={1} value={to.slice(0, 19)} required />}
      </Field>
      <button type="submit" class="primary">
        {words.show}
      </button>
    </form>
  );
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

/** Values as people know them from other pages: states, truths and instants have words. */
function told(value: string | null): string {
  if (value === null) return '–';
  if (value === 'true' || value === 'false') return words[value];
  if (INSTANT.test(value)) return inUtc(value, 'second');
  return value in shared.states ? shared.states[value as keyof typeof shared.states] : value;
}

function Differences({ from, to }: { from: string; to: string }) {
  const list = useList(
    differencesQuery,
    { first: FIRST, from, to, msp: mspInView.value },
    (data) => data.connectionDifference,
    { isLive: false },
  );
  const rows = list.page.value?.nodes ?? [];
  const names = useNames(rows.map((row) => (row.subject === 'organization' ? { organization: row.key } : {})));
  const columns: readonly Column<Difference>[] = [
    { name: words.subject, cell: (row) => words.subjects[row.subject] ?? row.subject },
    { name: words.which, isHead: true, cell: (row) => names.organization(row.key) ?? (row.key || words.all) },
    { name: words.field, cell: (row) => row.field.replaceAll('_', ' ') },
    { name: words.before(from), isWide: true, cell: (row) => told(row.before) },
    { name: words.after(to), isWide: true, cell: (row) => <strong>{told(row.after)}</strong> },
  ];
  return (
    <ListOf from={list} empty={<Empty title={words.same} means={words.sameMeans} />}>
      {({ nodes }) => (
        <Table
          label={words.title}
          columns={columns}
          rows={nodes}
          rowKey={(row) => `${row.subject} ${row.key} ${row.field}`}
        />
      )}
    </ListOf>
  );
}
