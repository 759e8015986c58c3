import { useState } from 'preact/hooks';
import { type Names, useNames } from '../names/names.ts';
import { Link } from '../router/Link.tsx';
import type { Params } from '../router/location.ts';
import { mayAct } from '../session.ts';
import { lazy } from '../shell/lazy.tsx';
import { Icon } from '../ui/Icon.tsx';
import { Instant } from '../ui/Instant.tsx';
import { words as shared } from '../words/en.ts';
import { type Place, type ProblemWords, wordsOf } from '../words/problems.ts';
import './exceptions.css';
import { words } from './words.ts';

const Retry = lazy(async () => (await import('./Answers.tsx')).Retry);
const Answer = lazy(async () => (await import('./Answers.tsx')).Answer);

/** An open exception, as any query may select it. */
export type OpenException = {
  readonly id: string;
  readonly problem: string;
  readonly reason: string | null;
  readonly detail: string;
  readonly cure: string;
  readonly agreement: number | null;
  readonly product: number | null;
  readonly month: string | null;
  readonly run: string | null;
  readonly found: string | null;
  readonly wanted: string | null;
  readonly target: string | null;
  readonly push: string | null;
  readonly since: string;
};

/** After these the same push would only fail the same way; something else cures them. */
const NOT_RETRIED = [
  'HELD',
  'ATTENTION',
  'DRIFT',
  'BELOW_ZERO',
  'OUTCOME_UNKNOWN',
  'MISSED_MONTH',
  'NUMBERS_MOVED',
  'CANNOT_UNDO',
  'FINAL_PENDING',
];

/** What needs somebody: what happened, what it means for the invoice, how it is cured, and the way there. */
export function Exceptions({ exceptions }: { exceptions: readonly OpenException[] }) {
  const names = useNames(exceptions);
  // One at a time, also while the dialogs are still being loaded.
  const [opened, setOpened] = useState<{ readonly id: string; readonly what: What }>();
  return (
    <ul class="exceptions">
      {exceptions.map((one) => (
        <Exception
          key={one.id}
          exception={one}
          names={names}
          opened={opened?.id === one.id ? opened.what : undefined}
          open={(what) => setOpened(what && { id: one.id, what })}
        />
      ))}
    </ul>
  );
}

type What = 'retry' | 'answer';

function Exception({
  exception,
  names,
  opened,
  open,
}: {
  exception: OpenException;
  names: Names;
  opened: What | undefined;
  open: (what: What | undefined) => void;
}) {
  const said = wordsOf(exception.problem, exception.reason);
  const agreement = names.agreement(exception.agreement);
  const product = names.product(exception.product)?.identifier;
  const line = [agreement?.companyName, agreement?.name ?? exception.agreement, product ?? exception.product]
    .filter((part) => part !== null && part !== undefined)
    .join(' · ');
  const mayRetry =
    exception.agreement !== null && exception.product !== null && !NOT_RETRIED.includes(exception.problem);
  return (
    <li>
      <Icon name="warning" />
      <div>
        <p>
          <strong>{said?.what ?? exception.problem}</strong> {line && <span>{line}.</span>} {said?.means}
        </p>
        <p>{exception.cure}</p>
        <p class="muted">
          {exception.month && `${words.of(exception.month)} `}
          {words.since} <Instant at={exception.since} />
        </p>
        {exception.detail && (
          <details>
            <summary>{shared.details}</summary>
            <p class="details">{exception.detail}</p>
          </details>
        )}
      </div>
      {mayAct.value && (
        <div class="row">
          {said && <Cure at={said.at} exception={exception} names={names} open={open} />}
          {mayRetry && said?.at.place !== 'retry' && (
            <button type="button" onClick={() => open('retry')}>
              {words.retry}
            </button>
          )}
        </div>
      )}
      {opened === 'retry' && <Retry exception={exception} line={line} close={() => open(undefined)} />}
      {opened === 'answer' && <Answer exception={exception} line={line} close={() => open(undefined)} />}
    </li>
  );
}

function Cure({
  at,
  exception,
  names,
  open,
}: {
  at: ProblemWords['at'];
  exception: OpenException;
  names: Names;
  open: (what: What) => void;
}) {
  if (at.place === 'retry' || at.place === 'answer') {
    const what = at.place;
    return (
      <button type="button" onClick={() => open(what)}>
        {at.label}
      </button>
    );
  }
  const [path, params] = placeOf(at.place, exception, names);
  return (
    <Link class="button" to={path} params={params}>
      {at.label}
    </Link>
  );
}

function placeOf(place: Exclude<Place, 'retry' | 'answer'>, exception: OpenException, names: Names): [string, Params] {
  const agreement = names.agreement(exception.agreement);
  const [organization] = agreement?.organizations ?? [];
  const places: Readonly<Record<typeof place, [string, Params]>> = {
    companies: [
      '/companies',
      organization
        ? { by: 'organization', search: organization.name, change: organization.organization }
        : { search: agreement?.companyName },
    ],
    products: ['/products', {}],
    import: ['/import', {}],
    settings: ['/settings', {}],
    setup: ['/settings', {}],
    preview: ['/runs/preview', { month: exception.month }],
  };
  return places[place];
}
