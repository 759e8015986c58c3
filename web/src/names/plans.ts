import { useQuery } from '../graphql/query.ts';
import { plansQuery } from './plans.graphql.ts';

/** The vendor's names of plans; a plan that the catalogue no longer has keeps its id. */
export function usePlans(): (plan: string) => string {
  const lines = useQuery(plansQuery, {}, { isLive: false }).data.value?.productLines ?? [];
  const names = new Map(lines.flatMap((line) => line.plans.map((plan) => [plan.id, plan.name])));
  return (plan) => names.get(plan) ?? plan;
}
