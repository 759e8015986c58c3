/** Levels by day over a month, as the API writes them: whole numbers, however large. */
export type Level = { readonly on: string; readonly inForce: string };

/** The days of a month with their dates, and by how much each is above the one before. */
export function levelsOf(
  month: string,
  opening: string,
  days: readonly { readonly day: number; readonly inForce: string }[],
): readonly (Level & { readonly moved: string })[] {
  return days.map(({ day, inForce }, past) => ({
    on: `${month}-${String(day).padStart(2, '0')}`,
    inForce,
    moved: above(inForce, days[past - 1]?.inForce ?? opening),
  }));
}

/** The part of the highest level that a chart's height spans at least. */
const LEAST_SPAN = 0.1;

/**
 * The line of a month by days, one unit wide each. It does not begin at nothing, so that a move is seen; but what is small
 * beside the whole stays small.
 */
export function dailyLineOf(days: readonly Pick<Level, 'inForce'>[], height: number): string {
  // Where a line goes on the screen needs no exact decimal.
  const levels = days.map((day) => Number(day.inForce));
  const [lowest, highest] = [Math.min(...levels), Math.max(...levels)];
  const span = Math.max(highest - lowest, highest * LEAST_SPAN);
  const y = (level: number) =>
    Math.round((span === 0 ? 0.5 : 0.5 + ((highest + lowest) / 2 - level) / span) * height * 10) / 10;
  return levels.map((level, past) => `${past === 0 ? `M0 ${y(level)}` : `V${y(level)}`}H${past + 1}`).join('');
}

/** The lowest and the highest of several levels, the first one of its kind. */
export function extremesOf(levels: readonly Level[]): readonly [lowest: Level, highest: Level] | null {
  const [first] = levels;
  if (first === undefined) return null;
  let [lowest, highest] = [first, first];
  for (const level of levels) {
    if (BigInt(level.inForce) < BigInt(lowest.inForce)) lowest = level;
    if (BigInt(level.inForce) > BigInt(highest.inForce)) highest = level;
  }
  return [lowest, highest];
}

/** By how much one level is above another. */
export const above = (level: string, other: string): string => (BigInt(level) - BigInt(other)).toString();

/** How many days a month has. */
export function lengthOf(month: string): number {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).getUTCDate();
}
