import type { ComponentType } from 'preact';
import type { Viewer } from '../session.ts';

export type PageProps = { readonly params: Readonly<Record<string, string>> };

/** What a page says about itself, in `pages/<name>/route.ts`: nothing else has to know it. */
export type Route = {
  /** Patterns as URLPattern writes them: `/organizations/:id`. */
  readonly paths: readonly string[];
  readonly roles?: readonly Viewer['role'][];
  /** Without an MSP in view there is nothing to show, unless the page is about all of them. */
  readonly isForAllMsps?: boolean;
  /** It shows what was recorded by an instant in the past when one is chosen; others always show now. */
  readonly showsThen?: boolean;
  /** An entry of the navigation; pages without one are reached from others. */
  readonly menu?: { readonly label: string; readonly order: number };
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>;
};

const found = import.meta.glob<{ route: Route }>('../pages/*/route.ts', { eager: true });

export const routes: readonly Route[] = Object.values(found).map((one) => one.route);

const patterns = routes.flatMap((route) =>
  route.paths.map((path) => ({ route, pattern: new URLPattern({ pathname: path }) })),
);

export type Match = { readonly route: Route; readonly params: Readonly<Record<string, string>> };

/** The page at a path for somebody in a role: the same path may be another page for another role. */
export function matching(path: string, role: Viewer['role'] | undefined): Match | null {
  for (const { route, pattern } of patterns) {
    if (route.roles !== undefined && (role === undefined || !route.roles.includes(role))) continue;
    const groups = pattern.exec({ pathname: path })?.pathname.groups;
    if (groups === undefined) continue;
    const params = Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value ?? '')]);
    return { route, params: Object.fromEntries(params) };
  }
  return null;
}
