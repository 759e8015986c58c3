import { counted, inUtc, month, quantity } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Overview',
  connection: 'ConnectWise PSA',
  connectTitle: 'Connect ConnectWise PSA',
  connectWill: 'From then on every licence change reaches the right agreement, and the month closes by itself.',
  connectWont:
    'Connecting writes nothing: quantities are written only after you have mapped products and companies. Prices, taxes and texts in ConnectWise are never touched.',
  connectNeeds: 'You need an API member whose security role has four rights:',
  rights: {
    company: 'Company Maintenance: Inquire',
    tables: 'Table Setup: Inquire',
    catalogue: 'Product Catalog: Add and Inquire',
    agreements: 'Agreements: Add, Edit and Inquire',
  },
  connect: 'Connect ConnectWise PSA',
  continue: 'Continue the set-up',
  settingUp: 'The set-up is not finished: nothing is written to ConnectWise yet.',
  preview: 'Preview…',
  sync: 'Sync now…',
  next: (close: string, closes: string) => `${inUtc(close)} closes ${month(closes)}`,
  nextLabel: 'Next',
  lastPush: 'Last push',
  noPush: 'none yet',
  needsAttention: 'Needs attention',
  nothing: 'Nothing needs you.',
  all: (count: number) => `All ${quantity(count)}`,
  leaks: (organizations: number, units: number) =>
    `${counted(organizations, 'organization', 'organizations')} with usage ${organizations === 1 ? 'is' : 'are'} not mapped.`.concat(
      ` ${counted(units, 'unit is', 'units are')} not billed.`,
    ),
  showCompanies: 'Map companies',
  mapping: 'Mapping',
  mapped: (count: number) => `Mapped ${quantity(count)}`,
  suggested: (count: number) => `Suggested ${quantity(count)}`,
  unmapped: (count: number) => `Unmapped ${quantity(count)}`,
  excluded: (count: number) => `Excluded ${quantity(count)}`,
  mappingOf: (mapped: number, all: number) =>
    `${quantity(mapped)} of ${counted(all, 'organization', 'organizations')} mapped`,
  recent: 'Recent',
  history: 'History',
  noFacts: 'Nothing has happened yet.',
  openPsa: 'Open ConnectWise',
  past: {
    connected: 'Connected',
    key: (hint: string) => `key …${hint}`,
    settings: 'Settings',
    settingsOf: (policy: string, days: number, percent: number, units: number) =>
      `hand edits at the close: ${policy} · hold ${counted(days, 'day', 'days')} · guard below ${percent} % and more than ${units}`,
    policies: { OVERWRITE: 'overwrite', KEEP: 'keep', HOLD: 'ask' },
    organizations: 'Organizations',
    products: 'Products',
    noProducts: 'No product was mapped by then.',
    plan: 'Plan',
    component: 'Component',
    product: 'ConnectWise product',
    rule: 'Rule',
    minimum: 'Minimum',
  },
});
