import type { Route } from '../../router/routes.ts';
import { say } from '../../words/tell.ts';

export const route: Route = {
  paths: ['/organizations'],
  menu: { label: say('Organizations'), order: 30 },
  showsThen: true,
  load: () => import('./Organizations.tsx'),
};
