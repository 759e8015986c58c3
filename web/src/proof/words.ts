import { quantity } from '../words/format.ts';
import { tell } from '../words/tell.ts';

export const words = tell({
  number: '#',
  when: 'When',
  what: 'What',
  by: 'By',
  delta: 'Change',
  total: 'In force',
  psa: 'In ConnectWise',
  carried: (name: string) => `${name}: carried over from the month before`,
  changes: {
    'organization.licenses-changed': 'licences changed',
    'organization.plan-changed': 'plan changed',
    'organization.license-type-changed': 'licence type changed',
    'organization.management-changed': 'management changed',
    'organization.organization-closed': 'closed',
    'organization.organization-created': 'registered',
  } as Readonly<Record<string, string>>,
  change: (name: string, what: string) => `${name}: ${what}`,
  late: 'reported after the month had ended',
  changeId: (id: string) => `change ${id}`,
  handEdit: (wrote: string, found: string) => `hand edit: we wrote ${quantity(wrote)}, found ${quantity(found)}`,
  fromTo: (before: string, after: string) => `${quantity(before)} → ${quantity(after)}`,
  created: (after: string) => `new line with ${quantity(after)}`,
  same: (after: string) => `${quantity(after)} as found`,
  verified: 'Verified',
  open: 'Writing',
  failed: 'Not written',
  unknown: 'Unknown',
  run: 'run',
});
