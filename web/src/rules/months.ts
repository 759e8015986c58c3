/** Billing months are calendar months in UTC, written `2026-11`. */
export function monthOf(iso: string): string {
  return new Date(iso).toISOString().slice(0, 7);
}

/** So many months later; earlier when it is negative. */
export function shifted(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

export function beginOf(month: string): string {
  return `${month}-01T00:00:00.000Z`;
}

export function endOf(month: string): string {
  return beginOf(shifted(month, 1));
}

export function isMonth(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
}
