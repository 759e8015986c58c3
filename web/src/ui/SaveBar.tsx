import type { ComponentChildren } from 'preact';

/** Counts what is not saved yet and stays in sight as long as there is some. */
export function SaveBar({ text, children }: { text: string; children: ComponentChildren }) {
  return (
    <section class="save-bar" aria-label={text}>
      <p aria-live="polite">{text}</p>
      <div class="row">{children}</div>
    </section>
  );
}
