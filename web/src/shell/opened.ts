import { signal } from '@preact/signals';

/** What of the frame is open over the page; one thing at a time. */
export type Opened = 'menu' | 'find' | 'keys' | 'calls' | 'as-of';

const now = signal<Opened | null>(null);

export const opened = {
  get value(): Opened | null {
    return now.value;
  },
  open(what: Opened): void {
    now.value = what;
  },
  close(): void {
    now.value = null;
  },
  toggle(what: Opened): void {
    now.value = now.value === what ? null : what;
  },
};
