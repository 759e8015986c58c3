import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { words } from '../words/en.ts';

/**
 * A native dialog, open as long as it is there. Esc and its button close it, and the focus goes back to where it was.
 * `kind: 'drawer'` stands at the side.
 */
export function Dialog({
  title,
  close,
  kind = 'box',
  children,
  actions,
}: {
  title: string;
  /** Absent: it can only be answered. */
  close?: () => void;
  kind?: 'box' | 'wide' | 'drawer';
  children: ComponentChildren;
  actions?: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const label = useId();
  useEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={kind}
      aria-labelledby={label}
      onCancel={(event) => {
        event.preventDefault();
        close?.();
      }}
    >
      <div class="dialog-head">
        <h2 id={label}>{title}</h2>
        {close && (
          <button type="button" class="quiet" onClick={close}>
            {words.close}
          </button>
        )}
      </div>
      <div class="dialog-body">{children}</div>
      {actions && <div class="row end dialog-foot">{actions}</div>}
    </dialog>
  );
}
