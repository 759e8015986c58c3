import { effect, signal } from '@preact/signals';
import { factsSubscription } from '../shell/queries.graphql.ts';
import { subscribe } from './client.ts';
import { Failure } from './failure.ts';
import { signedInAgain } from './token.ts';

/** How news reach this tab: over a stream, by asking every 5 s, or not at all (hidden, or nobody is signed in). */
export const liveness = signal<'off' | 'connecting' | 'live' | 'polling'>('off');

const POLL_MILLISECONDS = 5_000;
const AT_MOST_EVERY_MILLISECONDS = 1_000;
const FAILURES_BEFORE_POLLING = 3;

const reloaders = new Set<() => Promise<void>>();

/** Have something on screen reloaded when there are news. Gives the way to stop that. */
export function whileVisible(reload: () => Promise<void>): () => void {
  reloaders.add(reload);
  return () => reloaders.delete(reload);
}

let isDue = false;
let isReloading = false;

/** Soon, and not before the last time has its answers: news may come faster than these. */
export function reloadVisible(): void {
  isDue = true;
  if (!isReloading) void reloadWhileDue();
}

async function reloadWhileDue(): Promise<void> {
  isReloading = true;
  while (isDue) {
    isDue = false;
    const soon = new Promise((resolve) => setTimeout(resolve, AT_MOST_EVERY_MILLISECONDS));
    await Promise.all([...reloaders].map((reload) => reload()));
    await soon;
  }
  isReloading = false;
}

const isVisible = signal(!document.hidden);
document.addEventListener('visibilitychange', () => {
  isVisible.value = !document.hidden;
});

let goOnAtOnce: () => void = () => {};

/** Try the stream again now instead of at the end of the pause. */
export function reconnect(): void {
  goOnAtOnce();
}

function pause(milliseconds: number, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(resolve, milliseconds);
    goOnAtOnce = end;
    until.addEventListener('abort', end);
  });
}

async function follow(msp: string | null, until: AbortSignal): Promise<void> {
  let failures = 0;
  let after: string | null = null;
  while (!until.aborted) {
    if (failures === 0) liveness.value = 'connecting';
    try {
      await subscribe(
        factsSubscription,
        { msp, after },
        () => {
          // Whatever happened while nobody listened is on the page after this.
          if (after === null) reloadVisible();
          failures = 0;
          liveness.value = 'live';
        },
        ({ facts }) => {
          after = facts.cursor;
          reloadVisible();
        },
        until,
      );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.kind === 'signed-out') await signedInAgain();
      failures += 1;
    }
    if (until.aborted) return;
    if (failures >= FAILURES_BEFORE_POLLING) {
      liveness.value = 'polling';
      reloadVisible();
    }
    await pause(failures >= FAILURES_BEFORE_POLLING ? POLL_MILLISECONDS : 300 * failures, until);
  }
}

const DAY_MILLISECONDS = 86_400_000;
const AFTER_MIDNIGHT_MILLISECONDS = 10_000;

/** With a new day, and at times a new month, pages say something else although nothing was recorded. */
function reloadEachDay(until: AbortSignal): void {
  const left = DAY_MILLISECONDS - (Date.now() % DAY_MILLISECONDS);
  const timer = setTimeout(() => {
    reloadVisible();
    reloadEachDay(until);
  }, left + AFTER_MIDNIGHT_MILLISECONDS);
  until.addEventListener('abort', () => clearTimeout(timer), { once: true });
}

/** Follow the facts of the MSP that `msp` names, one stream at a time, while the tab can be seen. */
export function keepFollowing(msp: () => string | null | undefined): void {
  effect(() => {
    const followed = msp();
    if (followed === undefined || !isVisible.value) {
      liveness.value = 'off';
      return;
    }
    const stop = new AbortController();
    void follow(followed, stop.signal);
    reloadEachDay(stop.signal);
    return () => stop.abort();
  });
}
