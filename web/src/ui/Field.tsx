import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { Icon } from './Icon.tsx';

type Slots = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined };

/** A visible label, help, and the error, tied to whatever control `children` makes with the given attributes. */
export function Field({
  label,
  help,
  error,
  children,
}: {
  label: string;
  help?: ComponentChildren;
  error?: string | undefined;
  children: (slots: Slots) => JSX.Element;
}) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {error && (
        <p class="error" id={`${id}-error`}>
          <Icon name="warning" />
          {error}
        </p>
      )}
      {help && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}
