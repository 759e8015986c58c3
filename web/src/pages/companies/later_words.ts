import { counted, quantity } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const later = tell({
  searchOrganizations: 'Search organizations by name',
  companyOf: (name: string) => `Company for ${name}`,
  searchCompany: 'Company…',
  closed: 'Closed',
  plan: 'Plan',
  licenses: 'Licences',
  servers: 'Servers',
  exclude: 'Exclude from billing…',
  include: 'Include again',
  noOrganizations: 'There are no organizations yet',
  noOrganizationsMeans: 'They appear when the vendor registers them, or when you create one while mapping.',
  reviewTitle: 'Review the mappings',
  reviewMeans: 'This is what ConnectWise will hold. Nothing is written before you confirm.',
  confirm: (maps: number, unmaps: number) =>
    [
      maps && `Map ${counted(maps, 'organization', 'organizations')}`,
      unmaps && `unmap ${counted(unmaps, 'organization', 'organizations')}`,
    ]
      .filter(Boolean)
      .join(', '),
  onlyFirst: (count: number) => `Only the first ${quantity(count)} are reviewed at once.`,
  unmapLeft: 'What becomes of the numbers of what is unmapped?',
  moveLeft: 'What becomes of the numbers on the agreements that organizations leave?',
  left: { UNTOUCHED: 'Leave them as they are', ZERO: 'Set them to 0, so that nobody is billed twice' },
  done: (count: number) => `${counted(count, 'mapping', 'mappings')} saved. Quantities are being written.`,
  someRefused: (count: number) => `${counted(count, 'row was', 'rows were')} refused; they stay as drafts.`,
  createTitle: 'Create organization',
  name: 'Name',
  licenseType: 'Licence type',
  licenseTypes: { PAID: 'Paid', TRIAL: 'Trial (billed as 0)', NFR: 'Not for resale (billed as 0)' },
  createGo: 'Use it for this mapping',
  createMeans: 'It is created together with the mapping, once you confirm the review.',
  nameMissing: 'Give it a name.',
  excludeTitle: (name: string) => `Exclude ${name} from billing`,
  excludeMeans:
    'Its usage is deliberately not billed through ConnectWise. The month-end report lists it apart, with the reason.',
  reason: 'Reason',
  excludeGo: 'Exclude',
  restore: (count: number) => `${counted(count, 'mapping', 'mappings')} of the last connection can be restored.`,
  restoreNot: (count: number) => `${counted(count, 'one is', 'are')} not possible any more.`,
  restoreGo: 'Look at them…',
  restoreTitle: 'Restore mappings of the last connection',
  restoreMeans: 'They are mapped again as they were, and their numbers are written.',
  restoreConfirm: (count: number) => `Restore ${counted(count, 'mapping', 'mappings')}`,
  restored: (count: number) => `${counted(count, 'mapping', 'mappings')} restored.`,
  can: 'Can be restored',
  mappedAt: 'Mapped since',
  quantities: 'Counted',
  nothingThen: 'Nothing was there at that instant.',
});
