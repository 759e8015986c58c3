import type { Route } from '../../router/routes.ts';

export const route: Route = {
  paths: ['/history/compare'],
  roles: ['ADMIN', 'AUDITOR'],
  load: () => import('./Compare.tsx'),
};
