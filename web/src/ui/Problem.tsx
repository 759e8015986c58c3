import type { ComponentChildren } from 'preact';
import type { Failure } from '../graphql/failure.ts';
import { Link } from '../router/Link.tsx';
import { words } from '../words/en.ts';
import { isRefusal, refusals } from '../words/refusals.ts';
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

/** A refusal, in our words and with the API's own sentence behind the details. */
export function Refused({ refusal, children }: { refusal: RefusalLike; children?: ComponentChildren }) {
  return (
    <Problem trouble={troubleOf(refusal.__typename)} details={[refusal.message, ...(refusal.reasons ?? [])].join('\n')}>
      {children}
    </Problem>
  );
}

function troubleOf(code: string | null): Trouble {
  if (code !== null && isRefusal(code)) return refusals[code];
  return { what: words.failures.refused, means: words.failures.refusedMeans, cure: '' };
}

function ofFailure(failure: Failure): Trouble {
  const { failures } = words;
  if (failure.kind === 'unreachable') return { what: failures.unreachable, means: failures.unreachableMeans, cure: '' };
  if (failure.kind === 'broken') return { what: failures.broken, means: failures.brokenMeans, cure: '' };
  if (failure.code === 'NotAllowed') return { what: failures.notAllowed, means: failures.refusedMeans, cure: '' };
  return troubleOf(failure.code);
}

/** There is no answer, or none that can be used; `retry` asks again. */
export function Failed({ failure, retry }: { failure: Failure; retry?: () => void }) {
  const details = [failure.message, failure.requestId && words.request(failure.requestId)].filter(Boolean).join('\n');
  return (
    <Problem
      trouble={ofFailure(failure)}
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
