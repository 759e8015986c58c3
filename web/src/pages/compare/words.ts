import { inUtc } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Compare two instants',
  means:
    'What differs between what was recorded by the first instant and by the second: connection, products, mappings, quantities.',
  from: 'First (UTC)',
  to: 'Second (UTC)',
  show: 'Compare',
  invalid: 'Give two instants that have passed, the earlier one first.',
  back: 'Back to the history',
  same: 'Nothing differs.',
  sameMeans: 'By both instants the very same was recorded.',
  subject: 'About',
  which: 'Which',
  true: 'yes',
  false: 'no',
  all: 'the whole of it',
  field: 'What',
  before: (at: string) => `By ${inUtc(at, 'second')}`,
  after: (at: string) => `By ${inUtc(at, 'second')}`,
  subjects: {
    connection: 'Connection',
    'product mapping': 'Product',
    organization: 'Organization',
  } as Readonly<Record<string, string>>,
});
