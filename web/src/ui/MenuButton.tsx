import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { Icon } from './Icon.tsx';

/** A few more things to do with a row, behind a button. Esc, a choice and a click elsewhere close it. */
export function MenuButton({ label, children }: { label: string; children: ComponentChildren }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const choices = useRef<HTMLFieldSetElement>(null);

  /** Beside its button, and within the window. */
  function place(): void {
    const at = button.current?.getBoundingClientRect();
    const shown = choices.current;
    if (!at || !shown) return;
    const { height, width } = shown.getBoundingClientRect();
    shown.style.left = `${Math.max(8, at.right - width)}px`;
    shown.style.top = `${at.bottom + height > innerHeight ? Math.max(8, at.top - height) : at.bottom}px`;
  }

  return (
    <>
      <button ref={button} type="button" class="quiet more" aria-label={label} popovertarget={id}>
        <Icon name="more" />
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: what is clicked are the buttons and links inside. */}
      <fieldset
        ref={choices}
        id={id}
        class="choices-of-row"
        popover="auto"
        aria-label={label}
        onToggle={(event) => {
          if (event.newState === 'open') place();
        }}
        onClick={() => choices.current?.hidePopover()}
      >
        {children}
      </fieldset>
    </>
  );
}
