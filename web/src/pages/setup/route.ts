import type { Route } from '../../router/routes.ts';

export const route: Route = {
  paths: ['/setup', '/setup/credentials'],
  roles: ['ADMIN'],
  load: () => import('./Setup.tsx'),
};
