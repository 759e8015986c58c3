import { computed, signal } from '@preact/signals';

/** Billing goes by UTC; own time is there on demand. */
const KEPT = 'psa-ledger.zone';
export const isOwnTime = signal(globalThis.localStorage?.getItem(KEPT) === 'own');

export function showOwnTime(own: boolean): void {
  isOwnTime.value = own;
  localStorage.setItem(KEPT, own ? 'own' : 'utc');
}

const LOCALE = 'en-GB';
const DAY: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric' };
const MINUTE: Intl.DateTimeFormatOptions = { ...DAY, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const SECOND: Intl.DateTimeFormatOptions = { ...MINUTE, second: '2-digit' };

function both(options: Intl.DateTimeFormatOptions) {
  return {
    utc: new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: 'UTC' }),
    own: new Intl.DateTimeFormat(LOCALE, { ...options, timeZoneName: 'short' }),
  };
}

const formats = { day: both(DAY), minute: both(MINUTE), second: both(SECOND) };
export type Precision = keyof typeof formats;

export function inUtc(iso: string, precision: Precision = 'minute'): string {
  return `${formats[precision].utc.format(new Date(iso))} UTC`;
}

export function inOwnTime(iso: string, precision: Precision = 'minute'): string {
  return formats[precision].own.format(new Date(iso));
}

const dayOf = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(LOCALE, { ...DAY, ...options });
const timeOf = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(LOCALE, { timeStyle: 'medium', ...options });
const days = { utc: dayOf({ timeZone: 'UTC', timeZoneName: 'short' }), own: dayOf({ timeZoneName: 'short' }) };
const times = { utc: timeOf({ timeZone: 'UTC' }), own: timeOf({}) };

/** The day of an instant with its zone, in UTC or in own time as chosen; and the time within that day. */
export const day = (iso: string): string => (isOwnTime.value ? days.own : days.utc).format(new Date(iso));
export const time = (iso: string): string => (isOwnTime.value ? times.own : times.utc).format(new Date(iso));

export const shown = computed(() => (isOwnTime.value ? inOwnTime : inUtc));

const ago = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' });
const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** "2 minutes ago": only ever beside the exact instant. */
export function since(iso: string, now: Date): string {
  const seconds = (new Date(iso).getTime() - now.getTime()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return ago.format(Math.trunc(seconds / size), unit);
  }
  return ago.format(Math.trunc(seconds), 'second');
}

const months = new Intl.DateTimeFormat(LOCALE, { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** "November 2026", from 2026-11. */
export function month(billingMonth: string): string {
  return months.format(new Date(`${billingMonth}-01T00:00:00Z`));
}

const plain = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 20 });
const signed = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 20, signDisplay: 'exceptZero' });
const coins = new Intl.NumberFormat(LOCALE, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'exceptZero',
});

/** Intl formats a decimal given as text exactly; as a number it would be rounded first. */
function exact(text: string | number): Intl.StringNumericLiteral | number {
  return text as Intl.StringNumericLiteral | number;
}

const withMinus = (text: string) => text.replace('-', '−');

export const quantity = (text: string | number): string => withMinus(plain.format(exact(text)));
export const change = (text: string | number): string => withMinus(signed.format(exact(text)));
/** Money as ConnectWise counts it: it tells no currency. */
export const money = (text: string): string => withMinus(coins.format(exact(text)));

const plurals = new Intl.PluralRules(LOCALE);

/** `counted(2, 'company', 'companies')` is "2 companies". */
export function counted(count: number, one: string, many: string): string {
  return `${quantity(count)} ${plurals.select(count) === 'one' ? one : many}`;
}

const and = new Intl.ListFormat(LOCALE, { type: 'conjunction' });
export const listed = (items: readonly string[]): string => and.format(items);
