import { beginOf } from './months.ts';

/** How a quantity came about, in order: what was there at the start, each change with its running total, each push. */
export type Change = {
  readonly effectiveAt: string;
  readonly recordedAt: string;
  readonly isLate: boolean;
  readonly entryId: string;
  readonly changeId: string;
  readonly subject: string;
  readonly fact: string;
  readonly totalAfter: number;
};

export type Brings = {
  readonly organization: string;
  readonly name: string;
  readonly opening: number;
  readonly changes: readonly Change[];
};

export type Push = {
  readonly push: string;
  readonly kind: string;
  readonly entryId: string;
  readonly startedAt: string;
  readonly subject: string;
  readonly run: string | null;
  readonly wrote: string | null;
  readonly found: string | null;
  readonly target: string;
  readonly answer: {
    readonly recordedAt: string;
    readonly before: string | null;
    readonly after: string | null;
    readonly problem: string | null;
    readonly detail: string | null;
  } | null;
};

type At = { readonly at: string };
export type Proof =
  | (At & { readonly kind: 'opening'; readonly name: string; readonly total: number })
  | (At & {
      readonly kind: 'change';
      readonly name: string;
      readonly change: Change;
      readonly delta: number;
      readonly total: number;
    })
  | (At & { readonly kind: 'push'; readonly push: Push; readonly total: number });

/** The rows of a proof by time. `total` is the sum over all organizations right after the row. */
export function proofOf(month: string, brings: readonly Brings[], pushes: readonly Push[]): readonly Proof[] {
  const totals = new Map(brings.map((one) => [one.organization, one.opening]));
  const sum = () => [...totals.values()].reduce((all, one) => all + one, 0);
  const begin = beginOf(month);
  let opened = 0;
  const openings: Proof[] = brings.map((one) => {
    opened += one.opening;
    return { kind: 'opening', at: begin, name: one.name, total: opened };
  });
  const acts = [
    ...brings.flatMap((one) => one.changes.map((change) => ({ at: change.effectiveAt, rank: 0, one, change }))),
    ...pushes.map((push) => ({ at: push.answer?.recordedAt ?? push.startedAt, rank: 1, push })),
  ];
  acts.sort((one, other) => Date.parse(one.at) - Date.parse(other.at) || one.rank - other.rank);
  const rows = acts.map((act): Proof => {
    if ('push' in act) return { kind: 'push', at: act.at, push: act.push, total: sum() };
    const delta = act.change.totalAfter - (totals.get(act.one.organization) ?? 0);
    totals.set(act.one.organization, act.change.totalAfter);
    return { kind: 'change', at: act.at, name: act.one.name, change: act.change, delta, total: sum() };
  });
  return [...openings, ...rows];
}

/** Whether a number was changed in ConnectWise between two of our pushes. Decimals as text: 17 and 17.00 are the same. */
export function isHandEdited(wrote: string | null, found: string | null): boolean {
  return wrote !== null && found !== null && !isSame(wrote, found);
}

export function isSame(one: string, other: string): boolean {
  return normal(one) === normal(other);
}

const normal = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text).replace(/^-0$/, '0');
