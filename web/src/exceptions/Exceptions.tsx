import { useState } from 'preact/hooks';
import { useAct } from '../graphql/act.ts';
import { type Names, useNames } from '../names/names.ts';
import { Link } from '../router/Link.tsx';
import type { Params } from '../router/location.ts';
import { mayAct } from '../session.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Icon } from '../ui/Icon.tsx';
import { Instant } from '../ui/Instant.tsx';
import { Failed, Refused } from '../ui/Problem.tsx';
import { Quantity } from '../ui/Quantity.tsx';
import { toast } from '../ui/Toasts.tsx';
import { words as shared } from '../words/en.ts';
import { type Place, type ProblemWords, wordsOf } from '../words/problems.ts';
import './exceptions.css';
import { approvePushMutation, retryExceptionMutation } from './queries.graphql.ts';
import { words } from './words.ts';

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

type Refusal = { readonly __typename: string; readonly message: string };

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
  return (
    <ul class="exceptions">
      {exceptions.map((one) => (
        <Exception key={one.id} exception={one} names={names} />
      ))}
    </ul>
  );
}

function Exception({ exception, names }: { exception: OpenException; names: Names }) {
  const [opened, open] = useState<'retry' | 'answer'>();
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
  open: (what: 'retry' | 'answer') => void;
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

function Retry({ exception, line, close }: { exception: OpenException; line: string; close: () => void }) {
  const retry = useAct(retryExceptionMutation);
  const [refusal, setRefusal] = useState<Refusal>();
  const [isMeant, mean] = useState(false);
  const isLost = exception.problem === 'ADDITION_LOST';
  const isProrated = exception.problem === 'PRORATED_TWICE';
  const { agreement, product } = exception;

  async function carryOut(): Promise<void> {
    if (agreement === null || product === null) return;
    const answer = await retry.run({
      agreement,
      product,
      createAgain: isLost && isMeant,
      confirmProration: isProrated && isMeant,
    });
    if (answer === undefined) return;
    if ('message' in answer) {
      setRefusal(answer);
      return;
    }
    toast(words.retried);
    close();
  }

  return (
    <Dialog
      title={words.retryTitle}
      close={close}
      actions={
        <>
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button type="button" class="primary" disabled={retry.isBusy.value} onClick={() => void carryOut()}>
            {words.retry}
          </button>
        </>
      }
    >
      <p class="what">{line}</p>
      <p>{words.retryMeans}</p>
      {retry.failure.value && <Failed failure={retry.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
      {(isLost || isProrated) && (
        <label class="check">
          <input type="checkbox" checked={isMeant} onChange={(event) => mean(event.currentTarget.checked)} />
          {isLost ? words.createAgain : words.confirmProration}
        </label>
      )}
    </Dialog>
  );
}

/** Answer a held push for the numbers that are shown; when they moved meanwhile, nothing is written. */
function Answer({ exception, line, close }: { exception: OpenException; line: string; close: () => void }) {
  const approve = useAct(approvePushMutation);
  const [refusal, setRefusal] = useState<Refusal & { found?: string; target?: string }>();
  const { agreement, product, push, found, target, wanted } = exception;
  const isHandEdit = exception.reason === 'HAND_EDIT';

  async function answer(given: 'APPROVE' | 'OVERWRITE' | 'KEEP' | 'LEAVE'): Promise<void> {
    if (agreement === null || product === null || push === null || found === null || target === null) return;
    const outcome = await approve.run({ agreement, product, push, found, target, answer: given });
    if (outcome === undefined) return;
    if ('message' in outcome) {
      setRefusal(outcome);
      return;
    }
    toast(words.answered);
    close();
  }

  const choice = (name: 'OVERWRITE' | 'KEEP' | 'LEAVE', number: string | null) => (
    <li>
      <button type="button" disabled={approve.isBusy.value} onClick={() => void answer(name)}>
        {words.choices[name].name}
      </button>
      <span>{words.choices[name].means(number ?? '')}</span>
    </li>
  );

  return (
    <Dialog title={words.answerTitle} close={close}>
      <p class="what">{line}</p>
      {approve.failure.value && <Failed failure={approve.failure.value} />}
      {refusal && (
        <Refused refusal={refusal}>
          {refusal.found && refusal.target && <p>{words.moved(refusal.found, refusal.target)}</p>}
        </Refused>
      )}
      <dl class="pairs">
        <div>
          <dt>{words.found}</dt>
          <dd>
            <Quantity value={found} />
          </dd>
        </div>
        <div>
          <dt>{words.wanted}</dt>
          <dd>
            <Quantity value={wanted} />
          </dd>
        </div>
        <div>
          <dt>{words.target}</dt>
          <dd>
            <Quantity value={target} />
          </dd>
        </div>
      </dl>
      <p>{exception.cure}</p>
      {isHandEdit ? (
        <ul class="answers">
          {choice('OVERWRITE', wanted)}
          {choice('KEEP', target)}
          {choice('LEAVE', found)}
        </ul>
      ) : (
        <p class="row end">
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button type="button" class="primary" disabled={approve.isBusy.value} onClick={() => void answer('APPROVE')}>
            {words.approve}
          </button>
        </p>
      )}
    </Dialog>
  );
}
