import type { Tone } from '../ui/Badge.tsx';
import { tell } from './tell.ts';

/** What the values of the API's enumerations are called on more than one page. */
export const labels = tell({
  components: { LICENSE: 'Licences', SERVER: 'Servers' },
  licenseTypes: { PAID: 'Paid', TRIAL: 'Trial', NFR: 'Not for resale' },
  rules: { CURRENT: 'in force', PEAK: 'highest in the month', AVERAGE: 'average over the month' },
  pushes: {
    INITIAL: 'First push',
    INCREMENTAL: 'Push',
    OVERWRITE: 'Sync now',
    FINAL: 'Month-end close',
    RELEASE: 'Release',
    UNDO: 'Undo',
  },
  usage: {
    UNMAPPED: 'Unmapped',
    EXCLUDED: 'Excluded',
    NO_PRODUCT: 'No product',
    WAITING: 'Waiting',
    WRITING: 'Writing',
    VERIFIED: 'Verified',
    HELD: 'Held',
    FAILED: 'Problem',
  },
  runs: {
    PREVIEW: 'Preview',
    OVERWRITE: 'Sync now',
    FINAL: 'Month-end close',
    UNDO: 'Undo',
    IMPORT: 'Import companies',
  },
  runStates: { REQUESTED: 'Waiting', RUNNING: 'Running', CANCELLED: 'Cancelled', FINISHED: 'Finished' },
  outcomes: {
    NOT_STARTED: 'Not started',
    WAITING: 'Waiting',
    VERIFIED: 'Verified',
    UNCHANGED: 'Already so',
    HELD: 'Held',
    REFUSED: 'Not written',
    FAILED: 'Failed',
    UNKNOWN: 'Unknown',
  },
});

export const usageTones: Readonly<Record<keyof typeof labels.usage, Tone>> = {
  UNMAPPED: 'calm',
  EXCLUDED: 'calm',
  NO_PRODUCT: 'warn',
  WAITING: 'busy',
  WRITING: 'busy',
  VERIFIED: 'good',
  HELD: 'warn',
  FAILED: 'bad',
};

export const outcomeTones: Readonly<Record<keyof typeof labels.outcomes, Tone>> = {
  NOT_STARTED: 'calm',
  WAITING: 'busy',
  VERIFIED: 'good',
  UNCHANGED: 'good',
  HELD: 'warn',
  REFUSED: 'warn',
  FAILED: 'bad',
  UNKNOWN: 'bad',
};

export const runTones: Readonly<Record<keyof typeof labels.runStates, Tone>> = {
  REQUESTED: 'busy',
  RUNNING: 'busy',
  CANCELLED: 'warn',
  FINISHED: 'good',
};
