import { useNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import { mayAct } from '../../session.ts';
import { Problem } from '../../ui/Problem.tsx';
import { Quantity } from '../../ui/Quantity.tsx';
import type { RunQuery } from './queries.graphql.ts';
import { words } from './words.ts';

/** What an import found, and which mappings lost their company by it. */
export function Imported({ run }: { run: NonNullable<RunQuery['run']> }) {
  const names = useNames(run.vanished);
  const known = run.progress.filter((one) => one.state in words.imported);
  return (
    <>
      {known.length > 0 && (
        <section class="card" aria-label={words.run}>
          <dl class="numbers">
            {known.map((one) => (
              <div key={one.state}>
                <dt>{words.imported[one.state]}</dt>
                <dd>
                  <Quantity value={one.count} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {run.vanished.length > 0 && (
        <Problem trouble={{ what: words.vanished, means: words.vanishedMeans, cure: '' }}>
          <ul>
            {run.vanished.map((one) => {
              const name = names.organization(one.organization) ?? one.organization;
              return (
                <li key={one.organization} class="row">
                  {name} · {one.companyName} · {one.agreementName}
                  {mayAct.value && (
                    <Link
                      class="button"
                      to="/companies"
                      params={{ by: 'organization', search: name, change: one.organization }}
                    >
                      {words.mapAgain}
                    </Link>
                  )}
                </li>
              );
            })}
          </ul>
        </Problem>
      )}
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
