import type { Route } from '../../router/routes.ts';

export const route: Route = {
  paths: ['/runs/:id'],
  roles: ['ADMIN', 'AUDITOR'],
  load: () => import('./Run.tsx'),
};
