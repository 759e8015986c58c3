import { Link } from '../router/Link.tsx';
import { here } from '../router/location.ts';
import { shifted } from '../rules/months.ts';
import { month as named } from '../words/format.ts';
import { tell } from '../words/tell.ts';
import './monthnav.css';

const words = tell({
  label: 'Billing month',
  before: (name: string) => `Before: ${name}`,
  after: (name: string) => `After: ${name}`,
});

/** The billing month in view and the way to its neighbours. `pathOf` gives the address of another month. */
export function MonthNav({
  month,
  newest,
  pathOf,
}: {
  month: string;
  newest: string;
  pathOf?: (month: string) => string;
}) {
  const others = Object.fromEntries(here.value.params);
  const link = (other: string, label: string, sign: string) =>
    pathOf ? (
      <Link to={pathOf(other)} class="button quiet" aria-label={label}>
        {sign}
      </Link>
    ) : (
      <Link to={here.value.path} params={{ ...others, month: other }} class="button quiet" aria-label={label}>
        {sign}
      </Link>
    );
  const [before, after] = [shifted(month, -1), shifted(month, 1)];
  return (
    <nav class="month-nav" aria-label={words.label}>
      {link(before, words.before(named(before)), '‹')}
      <strong class="figure">{named(month)}</strong>
      {after <= newest ? link(after, words.after(named(after)), '›') : <span class="gap" />}
    </nav>
  );
}
