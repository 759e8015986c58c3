import { useState } from 'preact/hooks';

/** A field whose text is the reader's until it shows another value: what is drawn anew meanwhile takes nothing away. */
export function Typed({
  value,
  type = 'text',
  take,
  ...rest
}: {
  value: string;
  type?: 'text' | 'datetime-local';
  /** Called with the text once the reader is done with it. */
  take?: (text: string) => void;
  id?: string;
  name?: string;
  step?: number;
  required?: boolean;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
}) {
  const [typed, setTyped] = useState({ over: value, text: value });
  if (typed.over !== value) setTyped({ over: value, text: value });
  const field = {
    ...rest,
    value: typed.text,
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement }) =>
      setTyped({ over: value, text: event.currentTarget.value }),
    onChange: (event: Event & { currentTarget: HTMLInputElement }) => take?.(event.currentTarget.value),
  };
  return type === 'text' ? <input {...field} type="text" /> : <input {...field} type="datetime-local" />;
}
