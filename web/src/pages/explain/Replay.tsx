import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { request } from '../../graphql/client.ts';
import { asFailure, type Failure } from '../../graphql/failure.ts';
import { mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Failed } from '../../ui/Problem.tsx';
import { type ReplayQuery, replayQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Replayed = ReplayQuery['reconstruct'];

/** Make the month again from the journal alone, and compare it with what was recorded and with ConnectWise now. */
export function Replay({ month, line }: { month: string; line: { agreement: number; product: number } }) {
  const state = useMemo(
    () => ({ made: signal<Replayed>(), failure: signal<Failure>(), isBusy: signal(false) }),
    [month, line.agreement],
  );
  async function replay(): Promise<void> {
    state.isBusy.value = true;
    state.failure.value = undefined;
    try {
      const answer = await request(replayQuery, { month, agreement: line.agreement, msp: mspInView.value });
      state.made.value = answer.reconstruct;
    } catch (error) {
      state.failure.value = asFailure(error);
    }
    state.isBusy.value = false;
  }
  const made = state.made.value;
  const one = made?.additions.find((each) => each.product === line.product);
  return (
    <section class="stack">
      <p>
        <button type="button" disabled={state.isBusy.value} onClick={() => void replay()}>
          {state.isBusy.value ? words.replaying : words.replay}
        </button>
      </p>
      {state.failure.value && <Failed failure={state.failure.value} retry={() => void replay()} />}
      <div role="status">
        {made && (
          <div class="card replayed">
            <p>
              {words.replayed(made.facts)}{' '}
              {one && <strong>{words.deltas(one.opening, one.deltas, one.closing)}</strong>}
            </p>
            <p class="row">
              <Badge tone={(one?.isRight ?? made.isRight) ? 'good' : 'bad'}>
                {(one?.isRight ?? made.isRight) ? words.replayRight : words.replayWrong}
              </Badge>
              {one && <Psa one={one} />}
            </p>
            {one?.pushes.flatMap((push) => push.problems.map((problem) => <p key={push.push + problem}>{problem}</p>))}
          </div>
        )}
      </div>
    </section>
  );
}

function Psa({ one }: { one: Replayed['additions'][number] }) {
  if (one.isFoundRight === null) return <Badge tone="calm">{words.psaUnknown}</Badge>;
  if (one.isFoundRight) return <Badge tone="good">{words.psaRight}</Badge>;
  return <Badge tone="warn">{words.psaWrong(one.wrote ?? '0', one.found)}</Badge>;
}
