import { useState } from 'preact/hooks';
import { download } from '../../graphql/download.ts';
import { asFailure, type Failure } from '../../graphql/failure.ts';
import { mspInView } from '../../session.ts';
import { Failed } from '../../ui/Problem.tsx';
import { exportPath, type Filter } from './filters.ts';
import { words } from './words.ts';

/** What is filtered as a file: with the proof for whoever checks it, or as a table for whoever reads it. */
export function Exports({ filter }: { filter: Filter }) {
  const [busy, setBusy] = useState<'ndjson' | 'csv'>();
  const [failure, setFailure] = useState<Failure>();
  async function save(form: 'ndjson' | 'csv'): Promise<void> {
    setBusy(form);
    setFailure(undefined);
    try {
      await download(exportPath(form, filter, mspInView.value), `facts.${form}`);
    } catch (error) {
      setFailure(asFailure(error));
    }
    setBusy(undefined);
  }
  return (
    <section class="stack" aria-label={words.export}>
      <p class="row">
        {(['ndjson', 'csv'] as const).map((form) => (
          <button key={form} type="button" disabled={busy !== undefined} onClick={() => void save(form)}>
            {busy === form ? words.exporting : form === 'csv' ? words.csv : words.export}
          </button>
        ))}
        <span class="muted">{words.exportMeans}</span>
      </p>
      {failure && <Failed failure={failure} />}
    </section>
  );
}
