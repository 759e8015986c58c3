import type { ComponentChildren } from 'preact';

/** A list with nothing in it: what belongs here, and the one button that fills it. */
export function Empty({ title, means, children }: { title: string; means?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="what">{title}</p>
      {means && <p>{means}</p>}
      {children && <p class="row">{children}</p>}
    </div>
  );
}
