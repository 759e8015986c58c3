import { cell } from '../rules/csv.ts';

export type CsvColumn<Row> = {
  readonly name: string;
  readonly value: (row: Row) => string | number | null | undefined;
};

/** Build a file of all rows, page by page, and hand it to the browser: UTF-8, with the names of the columns first. */
export async function saveCsv<Row>(
  name: string,
  columns: readonly CsvColumn<Row>[],
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
): Promise<void> {
  const lines = [columns.map((column) => cell(column.name)).join(',')];
  for await (const rows of pages) {
    for (const row of rows) lines.push(columns.map((column) => cell(column.value(row))).join(','));
  }
  const file = new Blob([`\uFEFF${lines.join('\r\n')}\r\n`], { type: 'text/csv;charset=utf-8' });
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(address);
}
