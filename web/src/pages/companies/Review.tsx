import { useEffect, useState } from 'preact/hooks';
import type { Drafts } from '../../drafts/drafts.ts';
import { actor, useAct } from '../../graphql/act.ts';
import { PreviewedLines } from '../../lines/PreviewedLines.tsx';
import { useNames } from '../../names/names.ts';
import { asked, type Draft, type LeftBehind } from '../../rules/mapping_drafts.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { Skeleton } from '../../ui/Loading.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { toast } from '../../ui/Toasts.tsx';
import { words as shared } from '../../words/en.ts';
import { later } from './later_words.ts';
import {
  mapCompaniesMutation,
  type PreviewMappingsMutation,
  previewMappingsMutation,
  unmapCompaniesMutation,
} from './review.graphql.ts';

type Preview = PreviewMappingsMutation['previewMappings'];
type Refusal = { readonly __typename: string; readonly message: string };
export type Refusals = Readonly<Record<string, Refusal>>;

const MOST_AT_ONCE = 100;

/** What ConnectWise will hold after all drafts; confirming carries them out, and each row tells its own result. */
export function Review({
  drafts,
  refused,
  close,
}: {
  drafts: Drafts<Draft>;
  refused: (refusals: Refusals) => void;
  close: () => void;
}) {
  const [moveLeft, setMoveLeft] = useState<LeftBehind>('ZERO');
  const [unmapLeft, setUnmapLeft] = useState<LeftBehind>('UNTOUCHED');
  const [preview] = useState(() => actor(previewMappingsMutation));
  const [found, setFound] = useState<Preview>();
  const [failedWhole, setFailedWhole] = useState<Refusal>();
  const map = useAct(mapCompaniesMutation);
  const unmap = useAct(unmapCompaniesMutation);

  const all = asked(drafts.all.value, moveLeft, unmapLeft);
  const maps = all.maps.slice(0, MOST_AT_ONCE);
  const unmaps = all.unmaps.slice(0, MOST_AT_ONCE - maps.length);
  const isCut = all.maps.length + all.unmaps.length > maps.length + unmaps.length;
  const hasMoves = maps.some((one) => one.item.move);
  const previewed = found?.__typename === 'MappingsPreviewed' ? found : undefined;
  const names = useNames(previewed?.lines.map(({ agreement }) => ({ agreement })) ?? []);

  // Again whenever the choice of what is left behind changes what would be written.
  useEffect(() => {
    setFound(undefined);
    void preview.run({ items: maps.map((one) => one.item), unmap: unmaps.map((one) => one.item) }).then(setFound);
  }, [moveLeft, unmapLeft]);

  async function carryOut(): Promise<void> {
    const refusals: Record<string, Refusal> = {};
    let done = 0;
    const parts = [
      { of: maps, run: () => map.run({ items: maps.map((one) => one.item) }) },
      { of: unmaps, run: () => unmap.run({ items: unmaps.map((one) => one.item) }) },
    ];
    for (const { of, run } of parts) {
      if (of.length === 0) continue;
      const answer = await run();
      if (answer === undefined) return;
      if (answer.__typename !== 'MappingsChanged') {
        setFailedWhole(answer);
        return;
      }
      of.forEach(({ key }, place) => {
        const outcome = answer.answers[place]?.outcome;
        if (outcome && 'message' in outcome) refusals[key] = outcome;
        else {
          done += 1;
          drafts.set(key, undefined);
        }
      });
    }
    refused(refusals);
    const failures = Object.keys(refusals).length;
    if (done > 0) toast([later.done(done), failures > 0 && later.someRefused(failures)].filter(Boolean).join(' '));
    else if (failures > 0) toast(later.someRefused(failures));
    close();
  }

  const failure = preview.failure.value ?? map.failure.value ?? unmap.failure.value;
  return (
    <Dialog
      title={later.reviewTitle}
      kind="wide"
      close={close}
      actions={
        <>
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button
            type="button"
            class="primary"
            disabled={previewed === undefined || map.isBusy.value || unmap.isBusy.value}
            onClick={() => void carryOut()}
          >
            {later.confirm(maps.length, unmaps.length)}
          </button>
        </>
      }
    >
      <p>{later.reviewMeans}</p>
      {isCut && <p class="what">{later.onlyFirst(MOST_AT_ONCE)}</p>}
      {failure && <Failed failure={failure} />}
      {failedWhole && <Refused refusal={failedWhole} />}
      {hasMoves && <Left legend={later.moveLeft} name="move" chosen={moveLeft} choose={setMoveLeft} />}
      {unmaps.length > 0 && <Left legend={later.unmapLeft} name="unmap" chosen={unmapLeft} choose={setUnmapLeft} />}
      {found === undefined && !failure && <Skeleton />}
      {found !== undefined && found.__typename !== 'MappingsPreviewed' && <Refused refusal={found} />}
      {previewed && (
        <>
          {previewed.answers.map(({ organization, outcome }) =>
            'message' in outcome ? <Refused key={organization} refusal={outcome} /> : null,
          )}
          <PreviewedLines
            lines={previewed.lines}
            sum={previewed.money}
            agreementName={(id) => {
              const named = names.agreement(id);
              return named && [named.companyName, named.name].filter(Boolean).join(' · ');
            }}
          />
        </>
      )}
    </Dialog>
  );
}

function Left({
  legend,
  name,
  chosen,
  choose,
}: {
  legend: string;
  name: string;
  chosen: LeftBehind;
  choose: (chosen: LeftBehind) => void;
}) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {(['UNTOUCHED', 'ZERO'] as const).map((one) => (
        <label key={one} class="check">
          <input type="radio" name={name} checked={chosen === one} onChange={() => choose(one)} />
          {later.left[one]}
        </label>
      ))}
    </fieldset>
  );
}
