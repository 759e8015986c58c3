import type { Level } from '../../rules/daily.ts';
import { change, counted, inUtc, listed, month, quantity } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

const level = ({ inForce, on }: Level) => `${quantity(inForce)} on ${inUtc(on, 'day')}`;

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
  leaks: (units: readonly string[]) => `Organizations that are not mapped use ${listed(units)}. They are not billed.`,
  units: {
    LICENSE: (count: number) => counted(count, 'licence', 'licences'),
    SERVER: (count: number) => counted(count, 'server', 'servers'),
  },
  showCompanies: 'Map companies',
  mapping: 'Mapping',
  mapped: (count: number) => `Mapped ${quantity(count)}`,
  suggested: (count: number) => `Suggested ${quantity(count)}`,
  unmapped: (count: number) => `Unmapped ${quantity(count)}`,
  excluded: (count: number) => `Excluded ${quantity(count)}`,
  mappingOf: (mapped: number, all: number) =>
    `${quantity(mapped)} of ${counted(all, 'organization', 'organizations')} mapped`,
  toDate: (of: string) => `${month(of)} to date`,
  toDateByDay: (of: string) => `${month(of)} by day`,
  licences: (count: string) => `${quantity(count)} ${count === '1' ? 'licence' : 'licences'}`,
  sinceBegin: (by: string) => (by === '0' ? 'as many as when the month began' : `${change(by)} since the month began`),
  chart: (of: string, opening: string, now: string, lowest: Level, highest: Level) =>
    `Licences in force by day of ${month(of)}: ${quantity(opening)} when it began, ${quantity(now)} now; lowest ${level(lowest)}, highest ${level(highest)}.`,
  byDay: 'By day',
  whatCounts:
    'Licences that are billed, of all organizations, mapped or not. Servers, and organizations that are on trial, not for resale, closed or manage themselves, are not among them.',
  day: 'Day',
  inForce: 'In force at its end',
  moved: 'Change',
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
