import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/runs'],
  roles: ['ADMIN', 'AUDITOR'],
  menu: { label: say('Runs'), order: 50 },
  load: () => import('./Runs.tsx'),
};
