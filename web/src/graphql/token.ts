import { signal } from '@preact/signals';

/** The bearer token of this tab. It lives as long as the tab and is never written to the address. */
const KEPT = 'psa-ledger.token';

function taken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return sessionStorage.getItem(KEPT);
  sessionStorage.setItem(KEPT, given);
  history.replaceState(history.state, '', location.pathname + location.search);
  return given;
}

export const token = signal<string | null>(taken());

export function keepToken(given: string): void {
  sessionStorage.setItem(KEPT, given);
  token.value = given;
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEPT);
  token.value = null;
}

/** Whether the API stopped believing the token while somebody was at work. */
export const mustSignIn = signal(false);

let waiting: (() => void)[] = [];

/** Wait until somebody has signed in again; what was asked is then asked once more. */
export function signedInAgain(): Promise<void> {
  mustSignIn.value = true;
  return new Promise((resolve) => waiting.push(resolve));
}

export function goOn(): void {
  mustSignIn.value = false;
  const all = waiting;
  waiting = [];
  for (const resolve of all) resolve();
}
