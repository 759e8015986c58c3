import { useNames } from '../names/names.ts';
import { Link } from '../router/Link.tsx';
import { mayAct } from '../session.ts';
import { Problem } from '../ui/Problem.tsx';
import { words } from './words.ts';

type Mapping = {
  readonly organization: string;
  readonly companyName: string | null;
  readonly agreementName: string | null;
};

/** The mappings whose company or agreement an import no longer found, each with the way to map it again. */
export function Vanished({ mappings }: { mappings: readonly Mapping[] }) {
  const names = useNames(mappings);
  if (mappings.length === 0) return null;
  return (
    <Problem trouble={{ what: words.vanished, means: words.vanishedMeans, cure: '' }}>
      <ul>
        {mappings.map((one) => {
          const name = names.organization(one.organization) ?? one.organization;
          return (
            <li key={one.organization} class="row">
              {words.isMappedTo(name, one.companyName ?? '', one.agreementName ?? '')}
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
  );
}
