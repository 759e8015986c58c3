import type { Route } from '../../router/routes.ts';

export const route: Route = {
  // Its folder comes before the one of /runs/:id, which fits this path as well.
  paths: ['/runs/preview'],
  roles: ['ADMIN', 'AUDITOR'],
  load: () => import('./Preview.tsx'),
};
