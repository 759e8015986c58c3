import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useQuery } from '../graphql/query.ts';
import { plansQuery } from './plans.graphql.ts';

/** The same for everybody, so it is asked for once. */
const known = signal<ReadonlyMap<string, string>>(new Map());

/** The vendor's names of plans; a plan that the catalogue no longer has keeps its id. */
export function usePlans(): (plan: string) => string {
  const { data, isLoading } = useQuery(plansQuery, known.value.size > 0 ? null : {}, { isLive: false });
  const lines = data.value?.productLines;
  useEffect(() => {
    if (lines !== undefined)
      known.value = new Map(lines.flatMap((line) => line.plans.map((plan) => [plan.id, plan.name])));
  }, [lines]);
  const isComing = isLoading.value || (lines !== undefined && known.value.size === 0);
  return (plan) => known.value.get(plan) ?? (isComing ? '' : plan);
}
