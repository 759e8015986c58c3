import type { Route } from '../../router/routes.ts';

export const route: Route = {
  paths: ['/import', '/setup/import'],
  roles: ['ADMIN'],
  load: () => import('./Import.tsx'),
};
