import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/products', '/setup/products'],
  roles: ['ADMIN', 'AUDITOR'],
  menu: { label: say('Products'), order: 40 },
  load: () => import('./Products.tsx'),
};
