import { signal } from '@preact/signals';

/** The address is the state: what is shown follows from it alone. */
export type Here = { readonly path: string; readonly params: URLSearchParams };

function read(): Here {
  return { path: location.pathname, params: new URLSearchParams(location.search) };
}

export const here = signal<Here>(read());

/** Parts of the address that go along from page to page. */
const KEPT = ['msp', 'at', 'lang'];

export type Params = Readonly<Record<string, string | number | null | undefined>>;

/** An address within the panel. A parameter that is null is left out, also one that otherwise goes along. */
export function href(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const name of KEPT) {
    const value = here.value.params.get(name);
    if (value !== null && !(name in params)) search.set(name, value);
  }
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Who holds something that leaving would hide from view says so; the answer is a sentence for the question. */
export type Guard = () => string | null;
const guards = new Set<Guard>();

export function guardLeaving(guard: Guard): () => void {
  guards.add(guard);
  return () => guards.delete(guard);
}

function objection(): string | null {
  for (const guard of guards) {
    const said = guard();
    if (said !== null) return said;
  }
  return null;
}

/** A way out of the page that waits for an answer. */
export const leaving = signal<{ readonly because: string; readonly go: () => void } | null>(null);

let position: number = history.state?.position ?? 0;
let isSure = false;
history.replaceState({ position }, '');

function show(): void {
  here.value = read();
}

/** Go to an address of the panel; asks first when that leaves something behind. */
export function go(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const isSamePage = new URL(to, location.href).pathname === location.pathname;
  const because = isSamePage ? null : objection();
  const move = () => {
    leaving.value = null;
    if (replace) {
      history.replaceState({ position }, '', to);
    } else {
      position += 1;
      history.pushState({ position }, '', to);
    }
    show();
  };
  if (because === null) move();
  else leaving.value = { because, go: move };
}

/** Change parameters of this page's address; the others stay. By default Back does not stop at the page before. */
export function setParams(changed: Params, { push = false }: { push?: boolean } = {}): void {
  const all: Record<string, string | number | null | undefined> = {
    ...Object.fromEntries(here.value.params),
    ...changed,
  };
  go(href(here.value.path, all), { replace: !push });
}

addEventListener('popstate', (event) => {
  const to: number = event.state?.position ?? 0;
  const isSamePage = location.pathname === here.value.path;
  const because = isSure || isSamePage ? null : objection();
  isSure = false;
  if (because === null) {
    position = to;
    show();
    return;
  }
  // The browser has moved already: move back, and on again once that is confirmed.
  const steps = to - position;
  isSure = true;
  const stay = here.value;
  history.go(-steps);
  leaving.value = {
    because,
    go: () => {
      leaving.value = null;
      isSure = true;
      history.go(steps);
    },
  };
  here.value = stay;
});

addEventListener('beforeunload', (event) => {
  if (objection() !== null) event.preventDefault();
});
