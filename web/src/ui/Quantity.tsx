import { quantity } from '../words/format.ts';
import type { Column } from './Table.tsx';

/** A quantity as it came, grouped; null where there is none. */
export function Quantity({ value }: { value: string | number | null | undefined }) {
  if (value === null || value === undefined) return <span class="muted">–</span>;
  return <span class="figure">{quantity(value)}</span>;
}

/** A column of quantities: grouped on the page, as they came in a file. */
export function quantityColumn<Row>(
  name: string,
  value: (row: Row) => string | number | null | undefined,
): Column<Row> {
  return { name, isFigure: true, value, cell: (row) => <Quantity value={value(row)} /> };
}
