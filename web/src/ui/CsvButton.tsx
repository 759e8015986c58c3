import { useState } from 'preact/hooks';
import { asFailure, type Failure } from '../graphql/failure.ts';
import { words } from '../words/en.ts';
import { type CsvColumn, saveCsv } from './csv.ts';
import { Failed } from './Problem.tsx';

/** All rows of what is filtered, as a file. */
export function CsvButton<Row>({
  name,
  columns,
  rows,
}: {
  name: string;
  columns: readonly CsvColumn<Row>[];
  rows: () => AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;
}) {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  async function save(): Promise<void> {
    setBusy(true);
    setFailure(undefined);
    try {
      await saveCsv(name, columns, rows());
    } catch (error) {
      setFailure(asFailure(error));
    }
    setBusy(false);
  }
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => void save()}>
        {isBusy ? words.csvBusy : words.csv}
      </button>
      {failure && <Failed failure={failure} />}
    </>
  );
}
