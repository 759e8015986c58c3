import { useQuery } from '../graphql/query.ts';
import { Link } from '../router/Link.tsx';
import { here } from '../router/location.ts';
import { matching, type Route, routes } from '../router/routes.ts';
import { isPlatform, mspInView, viewer } from '../session.ts';
import { words } from '../words/en.ts';
import { quantity } from '../words/format.ts';
import { opened } from './opened.ts';
import { shellQuery } from './queries.graphql.ts';

export function inMenu(): readonly Required<Route>[] {
  const role = viewer.value?.role;
  const all = routes.filter((route): route is Required<Route> => {
    if (route.menu === undefined || role === undefined) return false;
    if (mspInView.value === null && !route.isForAllMsps) return false;
    return route.roles === undefined || route.roles.includes(role);
  });
  return all.sort((one, other) => one.menu.order - other.menu.order);
}

/** Whether a page is shown that is reached from this entry: one organization, one run. */
const isWithin = (path: string) => path !== '/' && here.value.path.startsWith(`${path}/`);

export function Menu() {
  const shell = useQuery(shellQuery, mspInView.value === null || isPlatform.value ? null : { msp: mspInView.value });
  const current = matching(here.value.path, viewer.value?.role)?.route;
  const counts: Readonly<Record<string, number | undefined>> = {
    '/': shell.data.value?.exceptions.totalCount,
    '/companies': shell.data.value?.organizations.counts.find((one) => one.state === 'UNMAPPED')?.count,
  };
  return (
    <nav class={opened.value === 'menu' ? 'menu open' : 'menu'} aria-label={words.navigation}>
      <ul>
        {inMenu().map((route) => {
          const path = route.paths[0] ?? '/';
          const count = counts[path];
          return (
            <li key={path}>
              <Link to={path} aria-current={route === current ? 'page' : isWithin(path) ? 'true' : undefined}>
                {route.menu.label}
                {count ? <span class="count figure">{quantity(count)}</span> : null}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
