import type { Problem } from '../graphql/names.ts';
import { problems } from './problems.ts';

/** Why a line of a plan is not written: the API says "PROBLEM: detail". */
export function refusedLine(problem: string | null): string | undefined {
  if (problem === null) return undefined;
  const at = problem.indexOf(': ');
  const known = problems[problem.slice(0, at) as Problem];
  return known === undefined ? problem : `${known.what} ${known.means} (${problem.slice(at + 2)})`;
}
