import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/month-end', '/month-end/:month'],
  roles: ['ADMIN', 'AUDITOR'],
  menu: { label: say('Month end'), order: 60 },
  load: () => import('./MonthEnd.tsx'),
};
