import { type Brings, proofOf } from './proof.ts';

type Explained = {
  readonly rule: string;
  readonly minimum: number;
  readonly wanted: string;
  readonly organizations: readonly (Brings & { readonly quantity: string; readonly closed: string | null })[];
};

const MOST_TERMS = 12;

/**
 * The sum that a quantity is, as people write it. One organization under the rule "in force" is its start and its
 * changes; otherwise each organization stands with what the rule makes of it.
 */
export function sumOf({ rule, minimum, wanted, organizations }: Explained, month: string): string {
  const total = whole(wanted);
  const [only] = organizations;
  if (organizations.length === 1 && only !== undefined && rule === 'CURRENT' && minimum === 0) {
    const deltas = proofOf(month, [only], []).flatMap((row) =>
      row.kind === 'change' && row.delta !== 0 ? [row.delta] : [],
    );
    const adds = only.opening + deltas.reduce((sum, one) => sum + one, 0);
    if (deltas.length < MOST_TERMS && String(adds) === total) {
      return [only.opening, ...deltas.map((one) => (one < 0 ? `− ${-one}` : `+ ${one}`)), `= ${total}`].join(' ');
    }
  }
  if (organizations.length === 0) return `= ${total}`;
  const terms = organizations.map((one) => `${one.name} ${whole(one.closed ?? one.quantity)}`);
  return `${terms.join(' + ')} = ${total}`;
}

/** 17.00 is 17; 17.50 stays, since it is money. */
const whole = (text: string) => text.replace(/\.0+$/, '');
