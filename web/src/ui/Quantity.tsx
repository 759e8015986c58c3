import { quantity } from '../words/format.ts';

/** A quantity as it came, grouped; null where there is none. */
export function Quantity({ value }: { value: string | number | null | undefined }) {
  if (value === null || value === undefined) return <span class="muted">–</span>;
  return <span class="figure">{quantity(value)}</span>;
}
