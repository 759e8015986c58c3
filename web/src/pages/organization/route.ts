import type { Route } from '../../router/routes.ts';

export const route: Route = {
  paths: ['/organizations/:id'],
  load: () => import('./Organization.tsx'),
};
