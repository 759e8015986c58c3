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
export function ProofTable({ label, rows }: { label: string; rows: readonly Proof[] }) {
  return (
    <Table
      label={label}
      columns={columns}
      rows={rows.map((row, place) => ({ ...row, number: place + 1 }))}
      rowKey={(row) => row.number}
    />
  );
}

const columns: readonly Column<Row>[] = [
  { name: words.number, isFigure: true, cell: (row) => row.number },
  { name: words.when, cell: (row) => <Instant at={row.at} precision="second" /> },
  { name: words.what, isHead: true, isWide: true, cell: (row) => <What row={row} /> },
  { name: words.by, cell: (row) => (row.kind === 'opening' ? '' : actorOf(row)) },
  { name: words.delta, isFigure: true, cell: (row) => (row.kind === 'change' ? signed(row.delta) : '') },
  { name: words.total, isFigure: true, cell: (row) => <Quantity value={row.total} /> },
  { name: words.psa, cell: (row) => (row.kind === 'push' ? <Answer push={row.push} /> : '') },
];

const actorOf = (row: Exclude<Proof, { kind: 'opening' }>) =>
  row.kind === 'change' ? row.change.subject : row.push.subject;

function What({ row }: { row: Proof }) {
  if (row.kind === 'opening') return <>{words.carried(row.name)}</>;
  if (row.kind === 'push') {
    return (
      <span class="two-lines">
        <span>
          <Link to="/history" params={{ fact: row.push.entryId }}>
            {labels.pushes[row.push.kind as keyof typeof labels.pushes]}
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
        {words.change(row.name, words.changes[change.fact] ?? change.fact)}
      </Link>
      <span class="muted">
        {words.changeId(change.changeId)}
        {change.isLate && `, ${words.late}`}
      </span>
    </span>
  );
}

function Answer({ push }: { push: Push }) {
  const { answer } = push;
  if (answer === null) return <Badge tone="busy">{words.open}</Badge>;
  if (answer.problem !== null) {
    return (
      <span title={answer.detail ?? undefined}>
        <Badge tone="bad">{answer.problem === 'OUTCOME_UNKNOWN' ? words.unknown : words.failed}</Badge>
      </span>
    );
  }
  const after = answer.after ?? push.target;
  const moved =
    answer.before === null
      ? words.created(after)
      : isSame(answer.before, after)
        ? words.same(after)
        : words.fromTo(answer.before, after);
  return (
    <span class="row figure">
      {moved} <Badge tone="good">{words.verified}</Badge>
    </span>
  );
}
