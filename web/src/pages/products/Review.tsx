import { useEffect, useState } from 'preact/hooks';
import type { Drafts } from '../../drafts/drafts.ts';
import { actor, useAct } from '../../graphql/act.ts';
import { PreviewedLines } from '../../lines/PreviewedLines.tsx';
import { type Draft, type Item, inOrder, itemKey, type Mapping, ruleKey } from '../../rules/product_drafts.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { Skeleton } from '../../ui/Loading.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { toast } from '../../ui/Toasts.tsx';
import { words as shared } from '../../words/en.ts';
import {
  mapProductMutation,
  type PreviewProductMappingMutation,
  previewProductMappingMutation,
  setProductRuleMutation,
  unmapProductMutation,
} from './queries.graphql.ts';
import { words } from './words.ts';

type Preview = PreviewProductMappingMutation['previewProductMapping'];
type LeftBehind = 'ZERO' | 'UNTOUCHED';
type Refusal = { readonly __typename: string; readonly message: string };

const keyOf = (draft: Draft) => (draft.kind === 'map' ? itemKey(draft.item) : ruleKey(draft.product));

/** What each change will do in ConnectWise, before it is confirmed; each tells its own result, failed ones stay drafts. */
export function Review({
  drafts,
  nameOf,
  mappings,
  close,
}: {
  drafts: Drafts<Draft>;
  nameOf: (item: Item) => string;
  mappings: readonly Mapping[];
  close: () => void;
}) {
  const [leftBehind, setLeftBehind] = useState<LeftBehind>('ZERO');
  const [refusals, setRefusals] = useState<Readonly<Record<string, Refusal>>>({});
  const map = useAct(mapProductMutation);
  const unmap = useAct(unmapProductMutation);
  const setRule = useAct(setProductRuleMutation);
  const all = inOrder(Object.values(drafts.all.value));
  const acts = [map, unmap, setRule];
  const isBusy = acts.some((act) => act.isBusy.value);
  const failure = acts.map((act) => act.failure.value).find(Boolean);
  const leaves = all.some((one) => one.kind === 'map' && mappings.some((now) => itemKey(now) === itemKey(one.item)));

  async function carryOut(draft: Draft): Promise<Refusal | 'done' | undefined> {
    let answer: Refusal | { __typename: 'ConnectionChanged' } | undefined;
    if (draft.kind === 'rule') {
      answer = await setRule.run({ product: draft.product, rule: draft.rule, minimum: Number(draft.minimum) });
    } else if (draft.chosen === null) {
      answer = await unmap.run({ ...draft.item, leftBehind });
    } else {
      answer = await map.run({ ...draft.item, product: draft.chosen.product, leftBehind });
    }
    if (answer === undefined) return undefined;
    return 'message' in answer ? answer : 'done';
  }

  async function carryOutAll(): Promise<void> {
    const refused: Record<string, Refusal> = {};
    let done = 0;
    for (const draft of all) {
      const result = await carryOut(draft);
      if (result === undefined) return;
      if (result === 'done') {
        done += 1;
        drafts.set(keyOf(draft), undefined);
      } else refused[keyOf(draft)] = result;
    }
    setRefusals(refused);
    if (done > 0) toast(words.done(done));
    if (Object.keys(refused).length === 0) close();
  }

  return (
    <Dialog
      title={words.reviewTitle}
      kind="wide"
      close={close}
      actions={
        <>
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button type="button" class="primary" disabled={isBusy} onClick={() => void carryOutAll()}>
            {words.carryOut(all.length)}
          </button>
        </>
      }
    >
      {failure && <Failed failure={failure} />}
      {leaves && (
        <fieldset>
          <legend>{words.left}</legend>
          {(['ZERO', 'UNTOUCHED'] as const).map((choice) => (
            <label key={choice} class="check">
              <input type="radio" name="left" checked={leftBehind === choice} onChange={() => setLeftBehind(choice)} />
              {words.leftChoices[choice]}
            </label>
          ))}
        </fieldset>
      )}
      {all.map((draft) => (
        <section key={keyOf(draft)} class="stack">
          <h3>{titleOf(draft, nameOf)}</h3>
          {refusals[keyOf(draft)] && <Refused refusal={refusals[keyOf(draft)] as Refusal} />}
          {draft.kind === 'map' ? (
            <Effect key={leftBehind} draft={draft} leftBehind={leftBehind} />
          ) : (
            <p class="muted">{words.setsRuleMeans}</p>
          )}
        </section>
      ))}
    </Dialog>
  );
}

function titleOf(draft: Draft, nameOf: (item: Item) => string): string {
  if (draft.kind === 'rule') return words.setsRule(draft.identifier, words.rules[draft.rule], draft.minimum);
  return draft.chosen === null
    ? words.unmaps(nameOf(draft.item))
    : words.maps(nameOf(draft.item), draft.chosen.identifier);
}

function Effect({ draft, leftBehind }: { draft: Draft & { kind: 'map' }; leftBehind: LeftBehind }) {
  const [preview] = useState(() => actor(previewProductMappingMutation));
  const [found, setFound] = useState<Preview>();
  useEffect(() => {
    void preview
      .run({ ...draft.item, product: draft.chosen?.product ?? null, leftBehind })
      .then((answer) => setFound(answer));
  }, [preview, draft, leftBehind]);
  if (preview.failure.value) return <Failed failure={preview.failure.value} />;
  if (found === undefined) return <Skeleton lines={2} />;
  if (found.__typename !== 'ProductMappingPreviewed') return <Refused refusal={found} />;
  return (
    <>
      <p>{words.touches(found.agreements)}</p>
      {found.lines.length > 0 && <PreviewedLines lines={found.lines} sum={found.money} />}
    </>
  );
}
