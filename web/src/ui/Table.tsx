import type { ComponentChildren, JSX } from 'preact';

export type Column<Row> = {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Figures stand at the right, in figures of one width. */
  readonly isFigure?: boolean;
  /** The column that names the row. */
  readonly isHead?: boolean;
  readonly isWide?: boolean;
  /** The name is for assistive technology only: a column of buttons or boxes. */
  readonly isNameHidden?: boolean;
};

/**
 * A real table in a region that scrolls by itself and can be focused for that. On a narrow screen rows become cards
 * whose cells carry the column's name.
 */
export function Table<Row>({
  label,
  columns,
  rows,
  rowKey,
  rowClass,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  rowClass?: (row: Row) => string | undefined;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="table" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={classOf(column)}>
                {column.isNameHidden ? <span class="hidden">{column.name}</span> : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} class={rowClass?.(row)}>
              {columns.map((column) => cellOf(column, row))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function cellOf<Row>(column: Column<Row>, row: Row): JSX.Element {
  const shared = { key: column.name, class: classOf(column), 'data-name': column.isNameHidden ? '' : column.name };
  if (column.isHead)
    return (
      <th scope="row" {...shared}>
        <div class="cell">{column.cell(row)}</div>
      </th>
    );
  return (
    <td {...shared}>
      <div class="cell">{column.cell(row)}</div>
    </td>
  );
}

function classOf<Row>(column: Column<Row>): string | undefined {
  return [column.isFigure && 'figure', column.isWide && 'wide'].filter(Boolean).join(' ') || undefined;
}
