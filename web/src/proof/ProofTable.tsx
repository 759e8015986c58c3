import { Link } from '../router/Link.tsx';
import { isHandEdited, isSame, type Proof, type Push } from '../rules/proof.ts';
import { Badge } from '../ui/Badge.tsx';
import { Instant } from '../ui/Instant.tsx';
import { Quantity } from '../ui/Quantity.tsx';
import { type Column, Table } from '../ui/Table.tsx';
import { change as signed } from '../words/format.ts';
import { labels } from '../words/labels.ts';
import { words } from './words.ts';

type Row = Proof & { readonly number: number };

/** Line by line how a quantity came about: facts at the left, what ConnectWise held at the right. */
export function ProofTable({ label, name, rows }: { label: string; name: string; rows: readonly Proof[] }) {
  return (
    <Table
      label={label}
      columns={columns}
      rows={rows.map((row, place) => ({ ...row, number: place + 1 }))}
      rowKey={(row) => row.number}
      file={{ name, ids: ENTRIES }}
    />
  );
}

const ENTRIES = [{ name: 'entry_id', value: (row: Row) => (row.kind === 'opening' ? '' : entryOf(row)) }];

const columns: readonly Column<Row>[] = [
  { name: words.number, isFigure: true, cell: (row) => row.number },
  { name: words.when, value: (row) => row.at, cell: (row) => <Instant at={row.at} precision="second" /> },
  { name: words.what, isHead: true, isWide: true, value: whatOf, cell: (row) => <What row={row} /> },
  { name: words.by, cell: (row) => (row.kind === 'opening' ? '' : actorOf(row)) },
  {
    name: words.delta,
    isFigure: true,
    value: (row) => (row.kind === 'change' ? row.delta : ''),
    cell: (row) => (row.kind === 'change' ? signed(row.delta) : ''),
  },
  { name: words.total, isFigure: true, value: (row) => row.total, cell: (row) => <Quantity value={row.total} /> },
  {
    name: words.psa,
    value: (row) => (row.kind === 'push' ? answered(row.push).join(', ') : ''),
    cell: (row) => (row.kind === 'push' ? <Answer push={row.push} /> : ''),
  },
];

const actorOf = (row: Exclude<Proof, { kind: 'opening' }>) =>
  row.kind === 'change' ? row.change.subject : row.push.subject;

const entryOf = (row: Exclude<Proof, { kind: 'opening' }>) =>
  row.kind === 'change' ? row.change.entryId : row.push.entryId;

const pushed = (push: Push) => labels.pushes[push.kind as keyof typeof labels.pushes];
const changed = (row: Extract<Proof, { kind: 'change' }>) =>
  words.change(row.name, words.changes[row.change.fact] ?? row.change.fact);

/** A row in words, for a file. */
function whatOf(row: Proof): string {
  if (row.kind === 'opening') return words.carried(row.name);
  if (row.kind === 'change') return [changed(row), words.changeId(row.change.changeId)].join(', ');
  const { wrote, found } = row.push;
  return isHandEdited(wrote, found)
    ? `${pushed(row.push)}, ${words.handEdit(wrote ?? '', found ?? '')}`
    : pushed(row.push);
}

function What({ row }: { row: Proof }) {
  if (row.kind === 'opening') return <>{words.carried(row.name)}</>;
  if (row.kind === 'push') {
    return (
      <span class="two-lines">
        <span>
          <Link to="/history" params={{ fact: row.push.entryId }}>
            {pushed(row.push)}
          </Link>
          {row.push.run && (
            <>
              {' · '}
              <Link to={`/runs/${row.push.run}`}>{words.run}</Link>
            </>
          )}
        </span>
        {isHandEdited(row.push.wrote, row.push.found) && (
          <span class="muted">{words.handEdit(row.push.wrote ?? '', row.push.found ?? '')}</span>
        )}
      </span>
    );
  }
  const { change } = row;
  return (
    <span class="two-lines">
      <Link to="/history" params={{ fact: change.entryId }}>
        {changed(row)}
      </Link>
      <span class="muted">
        {words.changeId(change.changeId)}
        {change.isLate && `, ${words.late}`}
      </span>
    </span>
  );
}

/** What ConnectWise did, and what that is: at most two texts. */
function answered({ answer, target }: Push): readonly [string] | readonly [string, string] {
  if (answer === null) return [words.open];
  if (answer.problem !== null) return [answer.problem === 'OUTCOME_UNKNOWN' ? words.unknown : words.failed];
  const after = answer.after ?? target;
  if (answer.before === null) return [words.created(after), words.verified];
  const moved = isSame(answer.before, after) ? words.same(after) : words.fromTo(answer.before, after);
  return [moved, words.verified];
}

function Answer({ push }: { push: Push }) {
  const [said, verified] = answered(push);
  if (push.answer === null) return <Badge tone="busy">{said}</Badge>;
  if (verified === undefined) {
    return (
      <span title={push.answer.detail ?? undefined}>
        <Badge tone="bad">{said}</Badge>
      </span>
    );
  }
  return (
    <span class="row figure">
      {said} <Badge tone="good">{verified}</Badge>
    </span>
  );
}
