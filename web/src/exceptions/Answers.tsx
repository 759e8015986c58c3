import { useState } from 'preact/hooks';
import { useAct } from '../graphql/act.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Failed, Refused } from '../ui/Problem.tsx';
import { Quantity } from '../ui/Quantity.tsx';
import { toast } from '../ui/Toasts.tsx';
import { words as shared } from '../words/en.ts';
import type { OpenException } from './Exceptions.tsx';
import { approvePushMutation, retryExceptionMutation } from './queries.graphql.ts';
import { words } from './words.ts';

type Refusal = { readonly __typename: string; readonly message: string };

type Asked = {
  exception: OpenException;
  line: string;
  close: () => void;
};

/** Try the push of a line again; creating an addition anew and prorating twice have to be meant. */
export function Retry({ exception, line, close }: Asked) {
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
export function Answer({ exception, line, close }: Asked) {
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
        {(
          [
            ['found', found],
            ['wanted', wanted],
            ['target', target],
          ] as const
        ).map(([name, value]) => (
          <div key={name}>
            <dt>{words[name]}</dt>
            <dd>
              <Quantity value={value} />
            </dd>
          </div>
        ))}
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
