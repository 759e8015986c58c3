import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { tell } from '../words/tell.ts';
import { Icon } from './Icon.tsx';

const words = tell({
  none: 'Nothing found',
  searching: 'Searching…',
  failed: 'The search failed. Type again to repeat it.',
  found: (count: number) => (count === 1 ? '1 result' : `${count} results`),
  active: (label: string, place: number, count: number) => `${label}, ${place} of ${count}`,
});

export type Option<Value> = {
  readonly value: Value;
  readonly label: string;
  /** What tells it from others of the same name: an identifier, a state. */
  readonly detail?: string | undefined;
  /** It is listed so that nobody looks for it in vain, but can not be taken; the detail says why. */
  readonly isShownOnly?: boolean | undefined;
};

/** The options for what was typed; a promise when they are looked up elsewhere. */
export type Search<Value> = (
  typed: string,
  signal: AbortSignal,
) => readonly Option<Value>[] | Promise<readonly Option<Value>[]>;

const MOST_SHOWN = 50;
const TYPING_MILLISECONDS = 150;

/**
 * An editable combobox with list autocomplete. Down opens, Home and End go to the ends, Enter takes, Esc restores.
 * Source: WAI-ARIA Authoring Practices, "Editable Combobox With List Autocomplete". Since not every screen reader follows
 * `aria-activedescendant`, a polite live region says how many results there are and which one is active.
 */
export function Combobox<Value>({
  id,
  label,
  text,
  placeholder,
  search,
  take,
  clear,
  isDisabled,
  ...described
}: {
  id?: string;
  /** Its name, unless a visible label is tied to `id`. */
  label?: string;
  /** What is chosen now, as text; empty when nothing is. */
  text: string;
  placeholder?: string;
  search: Search<Value>;
  take: (option: Option<Value>) => void;
  /** Called when the text is emptied; absent when something must stay chosen. */
  clear?: () => void;
  isDisabled?: boolean;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
}) {
  const own = useId();
  const inputId = id ?? own;
  const [typed, setTyped] = useState<string | null>(null);
  /** What is looked for; null while nothing is, because the list is closed or somebody still types. */
  const [sought, seek] = useState<{ readonly text: string } | null>(null);
  const [options, setOptions] = useState<readonly Option<Value>[]>([]);
  const [isOpen, setOpen] = useState(false);
  const [isSearching, setSearching] = useState(false);
  const [isFailed, setFailed] = useState(false);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(search);
  latest.current = search;

  useEffect(() => {
    if (sought === null) return;
    const stop = new AbortController();
    const found = latest.current(sought.text, stop.signal);
    if (!(found instanceof Promise)) {
      setOptions(found.slice(0, MOST_SHOWN));
      setSearching(false);
      return () => stop.abort();
    }
    setSearching(true);
    setFailed(false);
    found.then(
      (all) => {
        if (stop.signal.aborted) return;
        setOptions(all.slice(0, MOST_SHOWN));
        setSearching(false);
      },
      () => {
        if (stop.signal.aborted) return;
        setOptions([]);
        setSearching(false);
        setFailed(true);
      },
    );
    return () => stop.abort();
  }, [sought]);

  useEffect(() => {
    const shown = list.current;
    const at = input.current?.getBoundingClientRect();
    if (!isOpen || !shown || !at) return;
    shown.showPopover();
    const below = innerHeight - at.bottom;
    const isAbove = below < 200 && at.top > below;
    shown.style.left = `${Math.max(8, Math.min(at.left, innerWidth - Math.max(at.width, 288) - 8))}px`;
    shown.style.minWidth = `${at.width}px`;
    shown.style.top = isAbove ? 'auto' : `${at.bottom + 2}px`;
    shown.style.bottom = isAbove ? `${innerHeight - at.top + 2}px` : 'auto';
    shown.style.maxHeight = `${Math.min(320, (isAbove ? at.top : below) - 12)}px`;
    const leave = (event: Event) => {
      if (event.target !== shown) close();
    };
    addEventListener('scroll', leave, true);
    addEventListener('resize', leave);
    return () => {
      removeEventListener('scroll', leave, true);
      removeEventListener('resize', leave);
    };
  }, [isOpen]);

  useEffect(() => {
    // Within the list only: `scrollIntoView` would move the page as well, and that closes the list.
    const [shown, option] = [list.current, list.current?.querySelector<HTMLElement>('[aria-selected="true"]')];
    if (!shown || !option) return;
    const [top, bottom] = [option.offsetTop, option.offsetTop + option.offsetHeight];
    if (top < shown.scrollTop) shown.scrollTop = top;
    if (bottom > shown.scrollTop + shown.clientHeight) shown.scrollTop = bottom - shown.clientHeight;
  }, [active]);

  function open(): void {
    if (isOpen || isDisabled) return;
    setActive(-1);
    setSearching(true);
    // Opened without typing, everything is listed: not only what fits the chosen text.
    seek({ text: '' });
    setOpen(true);
  }

  function close(): void {
    clearTimeout(timer.current);
    setOpen(false);
    setTyped(null);
    seek(null);
    setOptions([]);
    setActive(-1);
  }

  function choose(option: Option<Value> | undefined): void {
    if (option === undefined || option.isShownOnly) return;
    take(option);
    close();
  }

  const step = (to: number) => setActive(options.length === 0 ? -1 : (to + options.length) % options.length);

  function onKeyDown(event: KeyboardEvent): void {
    const moves: Record<string, () => void> = {
      ArrowDown: () => (isOpen ? step(active + 1) : open()),
      ArrowUp: () => (isOpen ? step(active <= 0 ? options.length - 1 : active - 1) : open()),
    };
    if (isOpen && active >= 0) {
      moves.Home = () => step(0);
      moves.End = () => step(options.length - 1);
    }
    if (isOpen) {
      moves.Enter = () => choose(options[active]);
      moves.Escape = close;
    }
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }

  function onInput(event: InputEvent & { currentTarget: HTMLInputElement }): void {
    const now = event.currentTarget.value;
    clearTimeout(timer.current);
    if (now === '' && clear) clear();
    setActive(-1);
    setTyped(now);
    // What fitted before is not what fits now: nobody shall take it in haste.
    setOptions([]);
    setSearching(true);
    seek(null);
    setOpen(true);
    // What is listed follows a moment later, not at every key.
    timer.current = setTimeout(() => seek({ text: now }), TYPING_MILLISECONDS);
  }

  const none = isSearching ? words.searching : isFailed ? words.failed : words.none;
  const activeOption = options[active];
  const said = !isOpen
    ? ''
    : isSearching
      ? words.searching
      : activeOption
        ? words.active(activeOption.label, active + 1, options.length)
        : options.length === 0
          ? none
          : words.found(options.length);

  return (
    <div class="combobox">
      <input
        {...described}
        ref={input}
        id={inputId}
        role="combobox"
        autocomplete="off"
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={`${inputId}-list`}
        aria-activedescendant={activeOption && `${inputId}-${active}`}
        placeholder={placeholder}
        disabled={isDisabled}
        value={typed ?? text}
        onFocus={(event) => event.currentTarget.select()}
        onClick={open}
        onInput={onInput}
        onKeyDown={onKeyDown}
        // What was typed and not taken is not kept: the field shows what is chosen.
        onBlur={close}
      />
      <Icon name="down" />
      {isOpen && (
        <div
          ref={list}
          id={`${inputId}-list`}
          role="listbox"
          // Reachable by script only: the focus stays in the field, which points at the active option.
          tabIndex={-1}
          aria-label={label ?? placeholder}
          popover="manual"
        >
          {options.map((option, place) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled in the field.
            <div
              key={`${option.label} ${option.detail ?? ''} ${place}`}
              id={`${inputId}-${place}`}
              role="option"
              tabIndex={-1}
              aria-selected={place === active}
              aria-disabled={option.isShownOnly}
              // Before the field loses the focus, which would close the list.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(option)}
            >
              <span>{option.label}</span>
              {option.detail && <span class="muted">{option.detail}</span>}
            </div>
          ))}
          {options.length === 0 && <p class="muted">{none}</p>}
        </div>
      )}
      <span class="hidden" role="status">
        {said}
      </span>
    </div>
  );
}
