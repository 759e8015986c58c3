import type { levelsOf } from '../../rules/daily.ts';
import { Quantity, quantityColumn } from '../../ui/Quantity.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { change, inUtc } from '../../words/format.ts';
import { words } from './words.ts';

type Levels = ReturnType<typeof levelsOf>;

const COLUMNS: readonly Column<Levels[number]>[] = [
  { name: words.day, isHead: true, cell: (row) => inUtc(row.on, 'day'), value: (row) => row.on },
  quantityColumn(words.inForce, (row) => row.inForce),
  {
    name: words.moved,
    isFigure: true,
    cell: (row) => (row.moved === '0' ? <Quantity value={null} /> : change(row.moved)),
    value: (row) => row.moved,
  },
];

/** The chart's points, to be read and taken along. */
export function ByDay({ month, levels }: { month: string; levels: Levels }) {
  return (
    <Table
      label={words.toDateByDay(month)}
      columns={COLUMNS}
      rows={levels}
      rowKey={(row) => row.on}
      file={{ name: `licences-${month}` }}
    />
  );
}
