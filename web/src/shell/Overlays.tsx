import type { JSX } from 'preact';
import { lazy } from './lazy.tsx';
import { type Opened, opened } from './opened.ts';

const ApiCalls = lazy(async () => (await import('../ui/ApiCalls.tsx')).ApiCalls);
const Find = lazy(async () => (await import('./Find.tsx')).Find);
const Keys = lazy(async () => (await import('./Keys.tsx')).Keys);
const AsOf = lazy(async () => (await import('./AsOf.tsx')).AsOf);

/** What opens over the page is loaded when it is opened first. */
export function Overlays(): JSX.Element | null {
  const close = opened.close;
  const kinds: Readonly<Record<Exclude<Opened, 'menu'>, JSX.Element>> = {
    calls: <ApiCalls close={close} />,
    find: <Find close={close} />,
    keys: <Keys close={close} />,
    'as-of': <AsOf close={close} />,
  };
  const what = opened.value;
  return what === null || what === 'menu' ? null : kinds[what];
}
