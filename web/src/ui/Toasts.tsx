import { signal } from '@preact/signals';
import { words } from '../words/en.ts';

type Toast = { readonly id: number; readonly text: string; readonly undo?: (() => void) | undefined };

const SHOWN_MILLISECONDS = 12_000;
let last = 0;
const toasts = signal<readonly Toast[]>([]);

function drop(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Say that something is done; it stands on the page as well. `undo` is offered for 12 s, in the history for ever. */
export function toast(text: string, undo?: () => void): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value, { id, text, undo }];
  setTimeout(() => drop(id), SHOWN_MILLISECONDS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, undo }) => (
        <div key={id} class="toast">
          <span>{text}</span>
          {undo && (
            <button
              type="button"
              onClick={() => {
                drop(id);
                undo();
              }}
            >
              {words.undo}
            </button>
          )}
          <button type="button" class="quiet" onClick={() => drop(id)}>
            {words.dismiss}
          </button>
        </div>
      ))}
    </div>
  );
}
