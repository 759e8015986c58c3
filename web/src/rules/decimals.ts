/** Exact sums of decimals that are written as text; a number would round them. */
function parts(text: string): { readonly units: bigint; readonly places: number } {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (found === null) throw new Error(`not a decimal: ${text}`);
  const [, sign = '', whole = '0', fraction = ''] = found;
  return { units: BigInt(`${sign}${whole}${fraction}`), places: fraction.length };
}

function written(units: bigint, places: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

export function plus(one: string, other: string): string {
  const [a, b] = [parts(one), parts(other)];
  const places = Math.max(a.places, b.places);
  const scaled = (part: typeof a) => part.units * 10n ** BigInt(places - part.places);
  return written(scaled(a) + scaled(b), places);
}

export function minus(one: string, other: string): string {
  return plus(one, other.startsWith('-') ? other.slice(1) : `-${other}`);
}
