import { useState } from 'preact/hooks';
import { Rights } from '../../credentials/Rights.tsx';
import { useAct } from '../../graphql/act.ts';
import { useQuery } from '../../graphql/query.ts';
import type { Chosen } from '../../rules/product_drafts.ts';
import { mspInView } from '../../session.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field } from '../../ui/Field.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { toast } from '../../ui/Toasts.tsx';
import { words as shared } from '../../words/en.ts';
import { type CreateProductMutation, createProductMutation, productSetupQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Refusal = Exclude<CreateProductMutation['createProduct'], { __typename: 'ProductMade' }>;

/** A product of class Agreement, made in ConnectWise; afterwards it is chosen for the row it was made for. */
export function CreateProduct({
  name,
  close,
  made,
}: {
  name: string;
  close: () => void;
  made: (chosen: Chosen) => void;
}) {
  const setup = useQuery(productSetupQuery, { msp: mspInView.value }, { isLive: false });
  const create = useAct(createProductMutation);
  const [refusal, setRefusal] = useState<Refusal>();
  const invalid = refusal?.__typename === 'InvalidInput' ? refusal : undefined;
  const errorOf = (field: string) => (invalid?.field === field ? invalid.reason : undefined);

  async function submit(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const text = (field: string) => String(given.get(field) ?? '').trim();
    const answer = await create.run({
      identifier: text('identifier'),
      description: text('description'),
      subcategory: Number(text('subcategory')),
      type: Number(text('type')),
      price: text('price') || null,
    });
    if (answer === undefined) return;
    if (answer.__typename === 'ProductMade') {
      toast(words.created(answer.identifier));
      made({ product: answer.product, identifier: answer.identifier, description: answer.description });
    } else setRefusal(answer);
  }

  return (
    <Dialog title={words.createTitle} close={close}>
      <p>{words.createMeans}</p>
      {create.failure.value && <Failed failure={create.failure.value} />}
      {refusal && !invalid && (
        <Refused refusal={refusal}>
          {refusal.__typename === 'RightsMissing' && (
            <Rights rights={refusal.rights.map((right) => ({ right, state: 'DENIED' }))} />
          )}
        </Refused>
      )}
      <Loading from={setup}>
        {({ psaProductSetup }) => (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void submit(event.currentTarget);
            }}
          >
            <Field label={words.identifier} help={words.identifierHelp} error={errorOf('identifier')}>
              {(slots) => <input {...slots} name="identifier" required maxLength={75} />}
            </Field>
            <Field label={words.description} error={errorOf('description')}>
              {(slots) => <input {...slots} name="description" required maxLength={60} defaultValue={name} />}
            </Field>
            <Field label={words.subcategory} error={errorOf('subcategory')}>
              {(slots) => (
                <select {...slots} name="subcategory" required>
                  <option value="">{words.pick}</option>
                  {psaProductSetup.categories.map((category) => (
                    <optgroup key={category.id} label={category.name}>
                      {psaProductSetup.subcategories
                        .filter((one) => one.category === category.id && !one.isInactive)
                        .map((one) => (
                          <option key={one.id} value={one.id}>
                            {one.name}
                          </option>
                        ))}
                    </optgroup>
                  ))}
                </select>
              )}
            </Field>
            <Field label={words.type} error={errorOf('type')}>
              {(slots) => (
                <select {...slots} name="type" required>
                  <option value="">{words.pick}</option>
                  {psaProductSetup.types
                    .filter((one) => !one.isInactive)
                    .map((one) => (
                      <option key={one.id} value={one.id}>
                        {one.name}
                      </option>
                    ))}
                </select>
              )}
            </Field>
            <Field label={words.price} help={words.priceHelp} error={errorOf('price')}>
              {(slots) => <input {...slots} name="price" inputMode="decimal" pattern="\d+(\.\d+)?" />}
            </Field>
            <p class="row end">
              <button type="button" onClick={close}>
                {shared.cancel}
              </button>
              <button type="submit" class="primary" disabled={create.isBusy.value}>
                {words.createGo}
              </button>
            </p>
          </form>
        )}
      </Loading>
    </Dialog>
  );
}
