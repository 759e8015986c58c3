import type { Route } from '../../router/routes.ts';

export const route: Route = {
  paths: ['/organizations/:id'],
  showsThen: true,
  load: () => import('./Organization.tsx'),
};
