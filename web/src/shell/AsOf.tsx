import { useState } from 'preact/hooks';
import { setParams } from '../router/location.ts';
import { asOf } from '../session.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Field } from '../ui/Field.tsx';
import { words } from '../words/en.ts';

/** Choose an instant to look at. The field is in UTC, as billing is. */
export function AsOf({ close }: { close: () => void }) {
  const [error, setError] = useState<string>();
  const show = (at: string | null) => {
    close();
    setParams({ at }, { push: true });
  };
  return (
    <Dialog title={words.asOf.title} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget).get('at');
          const instant = new Date(`${given}Z`);
          if (Number.isNaN(instant.getTime())) setError(words.asOf.invalid);
          else show(instant.toISOString());
        }}
      >
        <p>{words.asOf.means}</p>
        <Field label={words.asOf.field} error={error}>
          {(slots) => (
            <input
              {...slots}
              type="datetime-local"
              name="at"
              step={0.001}
              value={asOf.value?.slice(0, 23) ?? ''}
              required
            />
          )}
        </Field>
        <p class="row">
          <button type="submit" class="primary">
            {words.asOf.show}
          </button>
          {asOf.value !== null && (
            <button type="button" onClick={() => show(null)}>
              {words.asOf.back}
            </button>
          )}
        </p>
      </form>
    </Dialog>
  );
}
