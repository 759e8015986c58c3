import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/companies', '/setup/companies'],
  roles: ['ADMIN', 'AUDITOR'],
  menu: { label: say('Companies'), order: 20 },
  showsThen: true,
  load: () => import('./Companies.tsx'),
};
