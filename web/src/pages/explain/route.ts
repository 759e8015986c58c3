import type { Route } from '../../router/routes.ts';

export const route: Route = {
  paths: ['/explain/:agreement/:product'],
  roles: ['ADMIN', 'AUDITOR'],
  showsThen: true,
  load: () => import('./Explain.tsx'),
};
