import { change, quantity } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Change licences',
  means:
    'As the vendor platform reports them: at least once, sometimes late. A change that was reported before is answered the same way and counts once.',
  organization: 'Organization',
  search: 'Search organizations…',
  component: 'Component',
  components: { LICENSE: 'Licences', SERVER: 'Servers' },
  how: 'How',
  kinds: { DELTA: 'Change by', QUANTITY: 'Set to' },
  amount: 'Number',
  effectiveAt: 'Effective at (UTC)',
  effectiveHelp: 'Leave it empty for now. It may lie in the past.',
  changeId: 'Change id',
  changeIdHelp: 'Unique for ever: sending it again changes nothing.',
  newId: 'New id',
  go: 'Report the change',
  missingOrganization: 'Choose an organization.',
  missingAmount: 'A whole number is needed.',
  negative: 'A quantity is never below zero.',
  recorded: (delta: number, now: number, component: string) =>
    `Recorded: ${component} ${change(delta)}, now ${quantity(now)}.`,
  again: (now: number, component: string) =>
    `Already recorded: nothing changed. ${component} were set to ${quantity(now)} by it.`,
  log: 'Reported here',
  none: 'Nothing was reported on this page yet.',
  table: 'Organizations',
  plan: 'Plan',
  licenses: 'Licences',
  servers: 'Servers',
  type: 'Licence type',
  choose: (name: string) => `Change ${name}`,
  change: 'Change',
  noOrganizations: 'This MSP has no organizations yet',
  noOrganizationsMeans: 'They appear when the platform registers them.',
  plus: 'Add one',
});
