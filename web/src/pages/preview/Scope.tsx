import { useQuery } from '../../graphql/query.ts';
import { setParams } from '../../router/location.ts';
import { monthOf, shifted } from '../../rules/months.ts';
import { mspInView } from '../../session.ts';
import { type PreviewQuery, scopeQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Run = NonNullable<PreviewQuery['run']>;
const CLOSED_MONTHS = 3;

/** Which month and whose quantities are previewed; another choice makes another preview. */
export function Scope({ run, now }: { run: Run; now: string }) {
  const scope = useQuery(scopeQuery, { msp: mspInView.value }).data.value;
  const current = monthOf(now);
  const closed = Array.from({ length: CLOSED_MONTHS }, (_, place) => shifted(current, -place - 1));
  const [only] = run.organizations ?? [];
  const isSome = (run.organizations?.length ?? 0) > 1;
  const again = (month: string | null, organizations: string | null) =>
    setParams({ run: null, month: month === current ? null : month, organizations });
  const chosen = run.organizations?.join(',') ?? null;
  return (
    <search class="filters">
      <label>
        <span>{words.month}</span>
        <select value={run.month ?? current} onChange={(event) => again(event.currentTarget.value, chosen)}>
          <option value={current}>{words.openMonth(current)}</option>
          {closed.map((one) => (
            <option key={one} value={one}>
              {words.closedMonth(one)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{words.organizations}</span>
        <select
          value={isSome ? '…' : (only ?? '')}
          onChange={(event) => again(run.month, event.currentTarget.value || null)}
        >
          <option value="">{words.all}</option>
          {isSome && <option value="…">{words.only(run.organizations?.length ?? 0)}</option>}
          {scope?.organizations.nodes.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}
