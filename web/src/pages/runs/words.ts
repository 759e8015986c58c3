import { counted, quantity } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Runs',
  preview: 'Sync now…',
  kind: 'Kind',
  status: 'Status',
  any: 'Any',
  asked: 'Asked for',
  by: 'By',
  month: 'Month',
  lines: 'Lines',
  result: 'Result',
  clock: 'the clock',
  withCount: (label: string, count: number) => `${label} (${quantity(count)})`,
  outcome: (label: string, count: number) => `${label} ${quantity(count)}`,
  companies: (count: number) => counted(count, 'company', 'companies'),
  failed: 'Could not be carried out',
  empty: 'There were no runs yet.',
  emptyMeans: 'Importing companies, Sync now, its preview, an undo and the close of a month are runs.',
});
