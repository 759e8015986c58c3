import { counted } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Settings',
  notConnected: 'Nothing to set yet',
  notConnectedMeans: 'Settings belong to a connection with ConnectWise.',
  connect: 'Connect ConnectWise PSA',
  credentials: 'Credentials',
  site: 'Site',
  company: 'Company',
  key: 'Public key',
  keyEnds: (hint: string) => `ends in …${hint}`,
  changed: 'Last change',
  by: (subject: string) => `by ${subject}`,
  replace: 'Replace the keys…',
  replaceTitle: 'Replace the keys',
  replaceMeans: 'The new keys are tested first. The old ones stay in use until that succeeded; mappings stay.',
  replaceGo: 'Test and replace',
  replaced: 'The keys are replaced.',
  syncing: 'Syncing',
  save: 'Save the settings',
  saved: 'The settings are saved.',
  driftPolicy: 'When the month closes and somebody changed a quantity in ConnectWise',
  policies: {
    OVERWRITE: {
      name: 'Write the closed number',
      example: 'Closed with 17, found 20 by hand: 17 is invoiced.',
    },
    KEEP: {
      name: 'Keep the difference',
      example: 'Closed with 17, found 3 more by hand: 20 are invoiced.',
    },
    HOLD: {
      name: 'Ask',
      example: 'Nothing is written until somebody decides; the month-end report says so.',
    },
  },
  holdDays: 'Days to wait after the close',
  holdDaysHelp:
    'With 3, changes of a new month are written from day 4 on, so that you can invoice the closed month in peace. 0 writes at once. Sync now goes through all the same.',
  dropGuard: 'Hold a drop below',
  percent: 'Percent of what is there',
  units: 'and by more than so many units',
  guardHelp:
    'A push that would drop so far waits for your approval: with 50 and 10, from 40 to 19 waits, from 12 to 5 does not.',
  parallel: 'Requests at the same time',
  parallelHelp: 'How many requests go to your ConnectWise at once.',
  number: 'A whole number is needed.',
  pauseTitle: 'Pause',
  pauseMeans:
    'Changes are recorded and wait; months close all the same. Nothing is written to ConnectWise until you resume.',
  resumeMeans: 'Syncing is paused. What waits goes out when you resume, closed months first.',
  pause: 'Pause syncing',
  resume: 'Resume syncing',
  disconnect: 'Disconnect ConnectWise',
  disconnectMeans: 'Stops syncing for good, until somebody connects again.',
  disconnectGo: 'Disconnect…',
  stops: 'What stops',
  stopsMeans: 'Nothing is written to ConnectWise any more, at once. Licence changes are still recorded here.',
  goes: 'What goes',
  goesMeans: (count: number) =>
    `${counted(count, 'company mapping', 'company mappings')}, all product mappings and the keys.`,
  stays: 'What stays',
  staysMeans:
    'The history, and every number that stands in ConnectWise. Connecting the same company again offers the old mappings.',
  confirm: (companyId: string) => `Type ${companyId} to confirm`,
  notTheSame: 'This is not the company ID.',
  disconnected: 'ConnectWise is disconnected.',
});
