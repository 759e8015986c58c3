import { quantity } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Organizations',
  search: 'Search by name',
  state: 'Billing',
  states: {
    ALL: 'All',
    MAPPED: 'Mapped',
    UNMAPPED: 'Unmapped',
    EXCLUDED: 'Excluded',
  },
  choice: (label: string, count: number) => `${label} ${quantity(count)}`,
  organization: 'Organization',
  plan: 'Plan',
  bills: 'Bills to',
  licenses: 'Licences',
  servers: 'Servers',
  standing: 'State',
  closed: 'Closed',
  selfManaged: 'Manages itself',
  excluded: (reason: string) => `Not billed here: ${reason}`,
  empty: 'There are no organizations yet.',
  emptyMeans: 'They appear when the vendor platform registers them, or when you create one while mapping a company.',
  emptyThen: 'There was no organization yet at that instant.',
  mapCompanies: 'Map companies',
});
