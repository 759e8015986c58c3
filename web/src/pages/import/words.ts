import { counted } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Import companies',
  means:
    'Companies and their agreements are read from ConnectWise; nothing is written there, and nothing is mapped by itself. New ones appear here only with the next import.',
  types: 'Company types',
  statuses: 'Company statuses',
  all: 'Nothing checked means all.',
  inactive: '(inactive)',
  counting: 'Counting companies in ConnectWise…',
  about: (count: number) =>
    count === 0 ? 'No company fits.' : `About ${counted(count, 'company', 'companies')} would be read.`,
  notConnected: 'Nothing to import yet',
  notConnectedMeans: 'Companies are imported once ConnectWise is connected.',
  connect: 'Connect ConnectWise PSA',
  go: 'Import companies',
  again: 'Import again',
  running: 'Reading from ConnectWise…',
  runningMeans: 'You can leave this page: the import goes on.',
  last: 'Last import',
  found: (companies: number, agreements: number) =>
    `${counted(companies, 'company', 'companies')} with ${counted(agreements, 'agreement', 'agreements')}`,
  done: 'The import is done.',
  failed: 'The import did not finish.',
  failedMeans: 'What was imported before stays. Nothing on an invoice has changed.',
  failedCure: 'Try again; what ConnectWise said stands under Details.',
  next: 'Map companies',
  unknown: 'There is no such import.',
});
