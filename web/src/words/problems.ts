import type { AttentionReason, HoldReason, Problem } from '../graphql/names.ts';
import { tell } from './tell.ts';

/** What an open exception means: the API tells how it is cured, these tell what happened and what it does to the invoice. */
export type ProblemWords = {
  readonly what: string;
  readonly means: string;
  readonly at: { readonly place: Place; readonly label: string };
};

/** Where a cure is carried out; which organization, addition or run it is about comes from the exception. */
export type Place = 'companies' | 'products' | 'import' | 'settings' | 'preview' | 'setup' | 'retry' | 'answer';

const OLD_STAYS = 'The invoice would show the old quantity.';

const RETRY = { place: 'retry', label: 'Try again…' } as const;
const REMAP = { place: 'companies', label: 'Map again…' } as const;
const SYNC = { place: 'preview', label: 'Preview Sync now…' } as const;

export const problems: Readonly<Record<Problem | 'DRIFT', ProblemWords>> = tell({
  ADDITION_LOST: {
    what: 'The addition is no longer in ConnectWise.',
    means: 'Nothing is billed for it until it is back.',
    at: RETRY,
  },
  AGREEMENT_ENDED: {
    what: 'The agreement has ended in ConnectWise.',
    means: 'Its licences are not billed.',
    at: REMAP,
  },
  AGREEMENT_GONE: {
    what: 'The agreement is no longer in ConnectWise.',
    means: 'Its licences are not billed.',
    at: REMAP,
  },
  BELOW_ZERO: { what: 'The quantity would fall below zero.', means: OLD_STAYS, at: SYNC },
  CANNOT_UNDO: {
    what: 'A line could not be undone: something was written after the run.',
    means: 'It keeps the newer quantity.',
    at: SYNC,
  },
  COMPANY_DELETED: {
    what: 'The company was deleted in ConnectWise.',
    means: 'Its licences are not billed.',
    at: REMAP,
  },
  DRIFT: {
    what: 'Somebody changed the quantity in ConnectWise.',
    means: 'The invoice would show their number, not the licences in force.',
    at: SYNC,
  },
  FINAL_PENDING: {
    what: 'An earlier month is not written yet.',
    means: 'This month waits behind it.',
    at: SYNC,
  },
  MISSED_MONTH: {
    what: 'A closed month was not written in time.',
    means: 'If it is not invoiced yet, its invoice would show the old quantity.',
    at: SYNC,
  },
  MISSING_RIGHT: {
    what: 'The API member lacks a right in ConnectWise.',
    means: OLD_STAYS,
    at: { place: 'setup', label: 'Check the rights' },
  },
  NOTHING_MAPPED: {
    what: 'Nothing is mapped to this addition any more.',
    means: 'It goes on being billed with its last quantity until it is cancelled or mapped.',
    at: REMAP,
  },
  NOT_APPLIED: {
    what: 'ConnectWise answered but kept the old quantity.',
    means: OLD_STAYS,
    at: RETRY,
  },
  NOT_ON_THIS_INVOICE: {
    what: 'ConnectWise takes the addition only from its next invoice on.',
    means: 'This month is not on the invoice.',
    at: RETRY,
  },
  NUMBERS_MOVED: {
    what: 'The numbers changed after the preview.',
    means: 'The line was not written and keeps its old quantity.',
    at: { place: 'preview', label: 'Preview again' },
  },
  OUTCOME_UNKNOWN: {
    what: 'ConnectWise holds a quantity that nobody here wrote.',
    means: 'The invoice would show it. Changes wait until it is decided.',
    at: SYNC,
  },
  PRODUCT_INACTIVE: {
    what: 'The product is inactive in ConnectWise.',
    means: 'Nothing can be billed with it.',
    at: { place: 'products', label: 'Open products' },
  },
  PRORATED_TWICE: {
    what: 'The average would be prorated a second time by ConnectWise.',
    means: 'The invoice would be too low, so nothing is written.',
    at: { place: 'retry', label: 'Decide…' },
  },
  PSA_UNAVAILABLE: {
    what: 'ConnectWise did not answer for a long time.',
    means: 'Quantities wait and go out when it is back.',
    at: RETRY,
  },
  RECORD_FORBIDDEN: {
    what: 'ConnectWise refuses access to this one record.',
    means: OLD_STAYS,
    at: RETRY,
  },
  REFUSED_BY_PSA: { what: 'ConnectWise refused the change.', means: OLD_STAYS, at: RETRY },
  TWO_RUNNING: {
    what: 'Two additions of the same product run on the agreement.',
    means: 'Both are billed, and nobody can tell which one is ours: nothing is written.',
    at: RETRY,
  },
});

export const holds: Readonly<Record<HoldReason, ProblemWords>> = tell({
  DROP_GUARD: {
    what: 'A quantity would drop unusually far.',
    means: 'It is held: the invoice keeps the higher number until somebody decides.',
    at: { place: 'answer', label: 'Decide…' },
  },
  HAND_EDIT: {
    what: 'Somebody changed the quantity in ConnectWise during the month.',
    means: 'The closed number is held until somebody decides which one is right.',
    at: { place: 'answer', label: 'Decide…' },
  },
});

export const attentions: Readonly<Record<AttentionReason, ProblemWords>> = tell({
  MISSING_RIGHT: {
    what: 'The API member lost a right in ConnectWise.',
    means: 'Nothing is written until it is back; changes wait and nothing is lost.',
    at: { place: 'settings', label: 'Check the credentials' },
  },
  SITE_UNREACHABLE: {
    what: 'The ConnectWise site does not answer.',
    means: 'Nothing is written until it is back; changes wait and nothing is lost.',
    at: { place: 'settings', label: 'Check the connection' },
  },
  WRONG_KEYS: {
    what: 'ConnectWise refuses the API keys.',
    means: 'Nothing is written with them; changes wait and nothing is lost.',
    at: { place: 'settings', label: 'Replace the keys' },
  },
});

/** The words of an exception as the API names it; unknown ones are a bug, so they are told as they came. */
export function wordsOf(problem: string, reason: string | null): ProblemWords | undefined {
  if (problem === 'HELD') return holds[reason as HoldReason];
  if (problem === 'ATTENTION') return attentions[reason as AttentionReason];
  return problems[problem as Problem];
}
