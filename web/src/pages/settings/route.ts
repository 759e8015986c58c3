import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/settings'],
  roles: ['ADMIN', 'AUDITOR'],
  menu: { label: say('Settings'), order: 90 },
  load: () => import('./Settings.tsx'),
};
