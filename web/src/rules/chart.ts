import { beginOf, endOf } from './months.ts';

/** A quantity that holds from an instant on. */
export type Step = { readonly at: number; readonly value: number };

type Change = { readonly effectiveAt: string; readonly totalAfter: number };

/** What was in force over a month. Shape: by time, the month's begin first, equal neighbours joined. */
export function stepsOf(month: string, opening: number, changes: readonly Change[]): readonly Step[] {
  const steps: Step[] = [{ at: Date.parse(beginOf(month)), value: opening }];
  for (const change of changes) {
    const at = Date.parse(change.effectiveAt);
    const last = steps.at(-1) as Step;
    if (last.at === at) steps.pop();
    if (steps.at(-1)?.value !== change.totalAfter) steps.push({ at, value: change.totalAfter });
  }
  return steps;
}

export function valueAt(steps: readonly Step[], at: number): number {
  let value = steps[0]?.value ?? 0;
  for (const step of steps) if (step.at <= at) value = step.value;
  return value;
}

/** A round number at or above the highest value, and marks of equal distance up to it. */
export function scaleOf(highest: number, marks = 4): { readonly top: number; readonly ticks: readonly number[] } {
  const rough = Math.max(highest, 1) / marks;
  const size = 10 ** Math.floor(Math.log10(rough));
  const distance = Math.max(1, [1, 2, 5, 10].map((one) => one * size).find((one) => one >= rough) ?? 10 * size);
  const count = Math.max(1, Math.ceil(highest / distance));
  return { top: count * distance, ticks: Array.from({ length: count + 1 }, (_, place) => place * distance) };
}

export type Frame = {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};

/** Where an instant of the month and a value lie in a frame, in its own units. */
export function placing(month: string, highest: number, frame: Frame) {
  const begin = Date.parse(beginOf(month));
  const length = Date.parse(endOf(month)) - begin;
  const x = (at: number) => frame.left + ((at - begin) / length) * (frame.width - frame.left - frame.right);
  const y = (value: number) =>
    frame.height - frame.bottom - (value / highest) * (frame.height - frame.top - frame.bottom);
  return { x, y };
}

/** The line of the steps up to an instant: level, then straight up or down. */
export function lineOf(
  steps: readonly Step[],
  until: number,
  { x, y }: { x: (at: number) => number; y: (value: number) => number },
): string {
  const round = (number: number) => Math.round(number * 10) / 10;
  const [first, ...rest] = steps.filter((step) => step.at <= until);
  if (first === undefined) return '';
  const moves = rest.map((step) => `H${round(x(step.at))}V${round(y(step.value))}`);
  return [`M${round(x(first.at))} ${round(y(first.value))}`, ...moves, `H${round(x(until))}`].join('');
}
