import { month, quantity } from '../words/format.ts';
import { tell } from '../words/tell.ts';

export const words = tell({
  retry: 'Try again',
  retryTitle: 'Try again',
  retryMeans: 'The line is read in ConnectWise and written anew, if nothing stands in its way any more.',
  retried: 'It is tried again.',
  createAgain: 'Create the addition again: it was deleted in ConnectWise on purpose or by mistake',
  confirmProration: 'Both are meant: the average, and proration by ConnectWise',
  answerTitle: 'Decide about a held quantity',
  answered: 'The decision is recorded.',
  found: 'ConnectWise holds',
  wanted: 'The facts say',
  target: 'Would be written',
  approve: 'Write it',
  choices: {
    OVERWRITE: { name: 'Overwrite', means: (wanted: string) => `Write ${quantity(wanted)}, the closed number.` },
    KEEP: {
      name: 'Keep the difference',
      means: (target: string) => `Keep what was changed by hand on top: ${quantity(target)}.`,
    },
    LEAVE: {
      name: 'Leave it',
      means: (found: string) => `Write nothing: ${quantity(found)} stays and counts as settled.`,
    },
  },
  moved: (found: string, target: string) => `It is now from ${quantity(found)} to ${quantity(target)}.`,
  since: 'since',
  of: (when: string) => `for ${month(when)}`,
});
