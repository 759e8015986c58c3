import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/history'],
  roles: ['ADMIN', 'AUDITOR'],
  menu: { label: say('History'), order: 70 },
  showsThen: true,
  load: () => import('./History.tsx'),
};
