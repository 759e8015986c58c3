import type { Problem } from '../graphql/names.ts';
import { lineIds } from '../names/LineName.tsx';
import { Icon } from '../ui/Icon.tsx';
import { Quantity } from '../ui/Quantity.tsx';
import { type Column, Table } from '../ui/Table.tsx';
import { listed, money } from '../words/format.ts';
import { problems } from '../words/problems.ts';
import { words } from './words.ts';

/** A line as `previewMappings` and `previewProductMapping` show it. */
export type Line = {
  readonly agreement: number;
  readonly product: number;
  readonly identifier: string | null;
  readonly action: 'CREATE' | 'WRITE' | 'VERIFY' | 'HOLD' | 'REFUSE';
  readonly found: string | null;
  readonly target: string | null;
  readonly leftBehind: 'UNTOUCHED' | 'ZERO' | null;
  readonly money: string | null;
  readonly problem: Problem | null;
  readonly detail: string | null;
  readonly contributions: readonly { readonly name: string; readonly quantity: string; readonly arrives: boolean }[];
};

/** What each touched line of ConnectWise will hold after what is previewed: before anything is written. */
export function PreviewedLines({
  lines,
  sum,
  agreementName,
}: {
  lines: readonly Line[];
  sum: string;
  agreementName?: (agreement: number) => string | undefined;
}) {
  if (lines.length === 0) return <p class="muted">{words.none}</p>;
  const columns: readonly Column<Line>[] = [
    { name: words.agreement, isHead: true, cell: (line) => agreementName?.(line.agreement) ?? line.agreement },
    { name: words.product, cell: (line) => line.identifier ?? line.product },
    {
      name: words.now,
      isFigure: true,
      value: (line) => line.found,
      cell: (line) => (line.action === 'CREATE' ? words.newAddition : <Quantity value={line.found} />),
    },
    {
      name: words.will,
      isFigure: true,
      value: (line) => line.target,
      cell: (line) => (
        <strong>
          <Quantity value={line.target} />
        </strong>
      ),
    },
    { name: words.because, isWide: true, value: reasonOf, cell: (line) => <Reason line={line} /> },
    {
      name: words.money,
      isFigure: true,
      value: (line) => line.money,
      cell: (line) => (line.money === null ? '–' : money(line.money)),
    },
  ];
  return (
    <>
      <Table
        label={words.caption}
        columns={columns}
        rows={lines}
        rowKey={(line) => `${line.agreement} ${line.product}`}
        file={{ name: 'preview', ids: lineIds }}
      />
      <p class="muted figure">{words.total(sum)}</p>
    </>
  );
}

function reasonOf(line: Line): string {
  if (line.problem !== null) {
    const { what, means } = problems[line.problem];
    return [what, means, line.detail].filter(Boolean).join(' ');
  }
  if (line.contributions.length === 0 && line.leftBehind !== null) return words.left(line.leftBehind === 'UNTOUCHED');
  return listed(line.contributions.map((one) => words.part(one.name, one.quantity, one.arrives)));
}

function Reason({ line }: { line: Line }) {
  if (line.problem !== null) {
    return (
      <span class="trouble">
        <Icon name="warning" />
        <span>{reasonOf(line)}</span>
      </span>
    );
  }
  return (
    <>
      {reasonOf(line)}
      {line.action === 'HOLD' && <strong> {words.held}</strong>}
    </>
  );
}
