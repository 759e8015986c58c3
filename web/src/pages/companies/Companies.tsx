import { useState } from 'preact/hooks';
import { useDrafts } from '../../drafts/drafts.ts';
import { useQuery } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { type Draft, isComplete } from '../../rules/mapping_drafts.ts';
import { asOf, isAdmin, mayAct, mspInView } from '../../session.ts';
import { isSetup, SetupSteps } from '../../setup/SetupSteps.tsx';
import { lazy } from '../../shell/lazy.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { SaveBar } from '../../ui/SaveBar.tsx';
import { words as shared } from '../../words/en.ts';
import { ByCompany } from './ByCompany.tsx';
import type { Creating } from './CreateOrganization.tsx';
import './companies.css';
import { companiesHeadQuery } from './queries.graphql.ts';
import type { Refusals } from './Review.tsx';
import { words } from './words.ts';

// What is not needed at once comes when it is.
const ByOrganization = lazy(async () => (await import('./ByOrganization.tsx')).ByOrganization);
const CreateOrganization = lazy(async () => (await import('./CreateOrganization.tsx')).CreateOrganization);
const Restore = lazy(async () => (await import('./Restore.tsx')).Restore);
const Review = lazy(async () => (await import('./Review.tsx')).Review);
const Then = lazy(async () => (await import('./Then.tsx')).Then);

/** The page people live in: which organization is billed to which company and agreement. */
export default function Companies() {
  const head = useQuery(companiesHeadQuery, { msp: mspInView.value });
  return (
    <Page title={words.title}>
      <SetupSteps />
      {asOf.value !== null ? (
        <Then at={asOf.value} />
      ) : (
        <Loading from={head}>
          {({ psaConnection, productLines }) => {
            if (psaConnection.status === 'NOT_CONNECTED') {
              return (
                <Empty title={words.notConnected} means={words.notConnectedMeans}>
                  {isAdmin.value && (
                    <Link class="button primary" to="/setup/credentials">
                      {words.connect}
                    </Link>
                  )}
                </Empty>
              );
            }
            if (psaConnection.lastImport === null) {
              return (
                <Empty title={words.notImported} means={words.notImportedMeans}>
                  {isAdmin.value && (
                    <Link class="button primary" to={isSetup() ? '/setup/import' : '/import'}>
                      {words.importFirst}
                    </Link>
                  )}
                </Empty>
              );
            }
            const plans = productLines.flatMap((line) =>
              line.plans.map((plan) => ({ id: plan.id, name: plan.name, line: line.name })),
            );
            return <Mapping plans={plans} />;
          }}
        </Loading>
      )}
    </Page>
  );
}

export type Plan = { readonly id: string; readonly name: string; readonly line: string };

function Mapping({ plans }: { plans: readonly Plan[] }) {
  const drafts = useDrafts<Draft>('mappings', words.leave);
  const [isReviewing, review] = useState(false);
  const [refusals, setRefusals] = useState<Refusals>({});
  const [creating, create] = useState<Creating>();
  const by = here.value.params.get('by') === 'organization' ? 'organization' : 'company';
  const all = Object.values(drafts.all.value);
  const complete = all.filter(isComplete).length;
  const shown = { drafts, refusals, plans, create };

  return (
    <div class="stack companies">
      {mayAct.value && <Restore />}
      <nav aria-label={words.by} class="tabs">
        {(['company', 'organization'] as const).map((one) => (
          <Link
            key={one}
            to={here.value.path}
            params={{ by: one === 'company' ? null : one }}
            aria-current={one === by ? 'page' : undefined}
          >
            {one === 'company' ? words.byCompany : words.byOrganization}
          </Link>
        ))}
      </nav>
      {by === 'company' ? <ByCompany {...shown} /> : <ByOrganization {...shown} />}
      {all.length > 0 && mayAct.value && (
        <SaveBar
          text={[words.drafts(all.length), all.length > complete && words.incomplete(all.length - complete)]
            .filter(Boolean)
            .join(' · ')}
        >
          <button
            type="button"
            onClick={() => {
              drafts.clear();
              setRefusals({});
            }}
          >
            {shared.discard}
          </button>
          <button type="button" class="primary" disabled={complete === 0} onClick={() => review(true)}>
            {words.review(complete)}
          </button>
        </SaveBar>
      )}
      {isReviewing && <Review drafts={drafts} refused={setRefusals} close={() => review(false)} />}
      {creating && <CreateOrganization creating={creating} plans={plans} close={() => create(undefined)} />}
    </div>
  );
}

/** Search text and one state in the address; the others stay. */
export function Filters({
  states,
  state,
  counts,
  searchLabel,
  children,
}: {
  states: readonly (keyof typeof words.states)[];
  state: string;
  counts: Readonly<Partial<Record<string, number>>>;
  searchLabel: string;
  children?: preact.ComponentChildren;
}) {
  return (
    <div class="filters">
      <input
        type="search"
        aria-label={searchLabel}
        placeholder={words.search}
        value={here.value.params.get('search') ?? ''}
        onInput={(event) => setParams({ search: event.currentTarget.value })}
      />
      <fieldset class="segments">
        <legend class="hidden">{words.state}</legend>
        {states.map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="state"
              value={one}
              checked={one === state}
              onChange={() => setParams({ state: one })}
            />
            <span>{words.stateCount(words.states[one], counts[one])}</span>
          </label>
        ))}
      </fieldset>
      {children}
    </div>
  );
}
