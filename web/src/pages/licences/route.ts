import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/licences', '/'],
  roles: ['PLATFORM'],
  menu: { label: say('Change licences'), order: 15 },
  load: () => import('./Licences.tsx'),
};
