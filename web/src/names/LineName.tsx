import { Link } from '../router/Link.tsx';
import { quantity } from '../words/format.ts';
import { tell } from '../words/tell.ts';
import type { Names } from './names.ts';
import './linename.css';

const words = tell({
  why: (count: string) => `Why ${count}?`,
  whyOf: (count: string, line: string) => `Why ${count}? ${line}`,
  agreement: (id: number) => `Agreement ${id}`,
  product: (id: number) => `product ${id}`,
});

type Line = { readonly agreement: number; readonly product: number };

/** How people call a line in ConnectWise; its ids where nobody knows a name. */
export function lineName({ agreement, product }: Line, names: Names): string {
  if (names.areComing({ agreement, product })) return '';
  const named = names.agreement(agreement);
  const place = named?.name ? [named.companyName, named.name].filter(Boolean).join(' · ') : words.agreement(agreement);
  return `${place} · ${names.product(product)?.identifier ?? words.product(product)}`;
}

/** What tells lines apart in a file. */
export const lineIds = [
  { name: 'agreement_id', value: (line: Line) => line.agreement },
  { name: 'product_id', value: (line: Line) => line.product },
];

/** The same on two lines: whose it is, then which one. */
export function LineName({ line, names }: { line: Line; names: Names }) {
  if (names.areComing({ agreement: line.agreement, product: line.product })) {
    return (
      <span class="two-lines coming">
        <span>{words.agreement(line.agreement)}</span>
        <span>{words.product(line.product)}</span>
      </span>
    );
  }
  const named = names.agreement(line.agreement);
  const product = names.product(line.product)?.identifier ?? words.product(line.product);
  const agreement = named?.name ?? words.agreement(line.agreement);
  if (!named?.companyName) {
    return (
      <>
        {agreement} · {product}
      </>
    );
  }
  return (
    <span class="two-lines">
      <span>
        {named.companyName} · <span class="whole">{product}</span>
      </span>
      <span class="muted">{agreement}</span>
    </span>
  );
}

/** From a quantity to its proof. */
export function Why({ line, month, count, name }: { line: Line; month: string; count: string | number; name: string }) {
  return (
    <Link
      to={`/explain/${line.agreement}/${line.product}`}
      params={{ month }}
      class="why"
      aria-label={words.whyOf(quantity(count), name)}
    >
      {words.why(quantity(count))}
    </Link>
  );
}
