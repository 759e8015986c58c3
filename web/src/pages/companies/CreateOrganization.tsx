import { useState } from 'preact/hooks';
import type { NewOrganization } from '../../rules/mapping_drafts.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field } from '../../ui/Field.tsx';
import { words as shared } from '../../words/en.ts';
import type { Plan } from './Companies.tsx';
import { later } from './later_words.ts';

export type Creating = { readonly name: string; readonly made: (created: NewOrganization) => void };

const TYPES = ['PAID', 'TRIAL', 'NFR'] as const;

/** A new organization for a draft; it is made together with the mapping, not before. */
export function CreateOrganization({
  creating,
  plans,
  close,
}: {
  creating: Creating;
  plans: readonly Plan[];
  close: () => void;
}) {
  const [error, setError] = useState<string>();
  const lines = [...new Set(plans.map((plan) => plan.line))];
  return (
    <Dialog title={later.createTitle} close={close}>
      <p>{later.createMeans}</p>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          const name = String(given.get('name') ?? '').trim();
          if (name === '') {
            setError(later.nameMissing);
            return;
          }
          const licenseType = TYPES.find((one) => one === given.get('licenseType')) ?? 'PAID';
          creating.made({ name, plan: String(given.get('plan')), licenseType });
          close();
        }}
      >
        <Field label={later.name} error={error}>
          {(slots) => <input {...slots} name="name" defaultValue={creating.name} />}
        </Field>
        <Field label={later.licenseType}>
          {(slots) => (
            <select {...slots} name="licenseType">
              {TYPES.map((one) => (
                <option key={one} value={one}>
                  {later.licenseTypes[one]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={later.plan}>
          {(slots) => (
            <select {...slots} name="plan">
              {lines.map((line) => (
                <optgroup key={line} label={line}>
                  {plans
                    .filter((plan) => plan.line === line)
                    .map((plan) => (
                      <option key={plan.id} value={plan.id}>
                        {plan.name}
                      </option>
                    ))}
                </optgroup>
              ))}
            </select>
          )}
        </Field>
        <p class="row end">
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button type="submit" class="primary">
            {later.createGo}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
