import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Failure } from '../graphql/failure.ts';
import { Link } from '../router/Link.tsx';
import { words } from '../words/en.ts';
import type { refusals } from '../words/refusals.ts';
import type { Trouble } from '../words/trouble.ts';
import { Copy } from './Copy.tsx';
import { Icon } from './Icon.tsx';

/** What happened, what it means, how to fix it, and the way there; whoever wants to know more opens the details. */
export function Problem({
  trouble,
  details,
  action,
  children,
}: {
  trouble: Trouble;
  details?: string | undefined;
  action?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p class="what">{trouble.what}</p>
        <p>{trouble.means}</p>
        <p>{trouble.cure}</p>
        {children}
        {details && (
          <details>
            <summary>{words.details}</summary>
            <p class="details">{details}</p>
            <Copy text={details} />
          </details>
        )}
        {(action || trouble.at) && (
          <p class="row">
            {action}
            {trouble.at && (
              <Link class="button" to={trouble.at.path}>
                {trouble.at.label}
              </Link>
            )}
          </p>
        )}
      </div>
    </div>
  );
}

type RefusalLike = {
  readonly __typename: string;
  readonly message: string;
  /** ConnectWise's own words, where it refused. */
  readonly reasons?: readonly string[] | undefined;
};

/** The words of all refusals are not needed until there is one: they come with the first. */
const known = signal<typeof refusals | undefined>(undefined);

/** What to say about a refusal of the API, by its name; undefined until the words are there. */
function useTrouble(code: string | null, failure?: Failure): Trouble | undefined {
  useEffect(() => {
    if (known.value !== undefined) return;
    void import('../words/refusals.ts').then((loaded) => {
      known.value = loaded.refusals;
    });
  }, []);
  const { failures } = words;
  if (failure?.kind === 'unreachable')
    return { what: failures.unreachable, means: failures.unreachableMeans, cure: '' };
  if (failure?.kind === 'broken') return { what: failures.broken, means: failures.brokenMeans, cure: '' };
  if (code === 'NotAllowed') return { what: failures.notAllowed, means: failures.refusedMeans, cure: '' };
  if (known.value === undefined) return undefined;
  if (code !== null && Object.hasOwn(known.value, code)) return known.value[code as keyof typeof refusals];
  return { what: failures.refused, means: failures.refusedMeans, cure: '' };
}

/** A refusal, in our words and with the API's own sentence behind the details. */
export function Refused({ refusal, children }: { refusal: RefusalLike; children?: ComponentChildren }) {
  const trouble = useTrouble(refusal.__typename);
  if (trouble === undefined) return null;
  return (
    <Problem trouble={trouble} details={[refusal.message, ...(refusal.reasons ?? [])].join('\n')}>
      {children}
    </Problem>
  );
}

/** There is no answer, or none that can be used; `retry` asks again. */
export function Failed({ failure, retry }: { failure: Failure; retry?: () => void }) {
  const trouble = useTrouble(failure.code, failure);
  if (trouble === undefined) return null;
  const details = [failure.message, failure.requestId && words.request(failure.requestId)].filter(Boolean).join('\n');
  return (
    <Problem
      trouble={trouble}
      details={details}
      action={
        retry && (
          <button type="button" onClick={retry}>
            {words.retry}
          </button>
        )
      }
    />
  );
}
