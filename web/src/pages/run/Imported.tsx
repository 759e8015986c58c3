import { ImportCounts } from '../../imports/ImportCounts.tsx';
import { Vanished } from '../../imports/Vanished.tsx';
import { Link } from '../../router/Link.tsx';
import { mayAct } from '../../session.ts';
import type { RunQuery } from './queries.graphql.ts';
import { words } from './words.ts';

/** What an import found, and which mappings lost their company by it. */
export function Imported({ run }: { run: NonNullable<RunQuery['run']> }) {
  return (
    <>
      {run.progress.length > 0 && (
        <section class="card" aria-label={words.run}>
          <ImportCounts counts={Object.fromEntries(run.progress.map((one) => [one.state, one.count]))} />
        </section>
      )}
      <Vanished mappings={run.vanished} />
      {mayAct.value && run.finishedAt !== null && (
        <p>
          <Link class="button primary" to="/companies">
            {words.map}
          </Link>
        </p>
      )}
    </>
  );
}
