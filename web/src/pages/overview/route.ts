import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/'],
  roles: ['ADMIN', 'AUDITOR'],
  menu: { label: say('Overview'), order: 10 },
  showsThen: true,
  load: () => import('./Overview.tsx'),
};
