import type { ComponentChildren, JSX } from 'preact';
import { CsvButton } from './CsvButton.tsx';
import type { CsvColumn } from './csv.ts';

export type Column<Row> = {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** The same for a file, where the cell is more than a text: instants in ISO, quantities without separators. */
  readonly value?: CsvColumn<Row>['value'];
  /** Figures stand at the right, in figures of one width. */
  readonly isFigure?: boolean;
  /** The column that names the row. */
  readonly isHead?: boolean;
  readonly isWide?: boolean;
  /** The name is for assistive technology only: a column of buttons or boxes. */
  readonly isNameHidden?: boolean;
};

/** How a table is taken along: all rows of what is filtered, also those that are not on the screen. */
export type TableFile<Row> = {
  readonly name: string;
  /** Beside what is shown: ids, so that the rows can be told apart by a program. */
  readonly ids?: readonly CsvColumn<Row>[];
  /** Left out where all rows are on the screen. */
  readonly rows?: () => AsyncIterable<readonly Row[]>;
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
  file,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  rowClass?: (row: Row) => string | undefined;
  /** Null where the file holds more than the table and its button stands elsewhere on the page. */
  file: TableFile<Row> | null;
}) {
  const table = (
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
  if (file === null) return table;
  return (
    <div class="with-file">
      {table}
      <div class="file">
        <CsvButton
          name={file.name}
          columns={[...(file.ids ?? []), ...columns.flatMap(inFile)]}
          rows={file.rows ?? (() => [rows])}
        />
      </div>
    </div>
  );
}

/** A column of buttons or boxes is not taken along. A cell without a value of its own is a text itself. */
function inFile<Row>(column: Column<Row>): readonly CsvColumn<Row>[] {
  if (column.isNameHidden) return [];
  const text = (row: Row) => {
    const cell = column.cell(row);
    return typeof cell === 'string' || typeof cell === 'number' ? cell : '';
  };
  return [{ name: column.name, value: column.value ?? text }];
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
