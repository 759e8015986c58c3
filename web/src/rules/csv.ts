const BEGINS_A_FORMULA = /^[=+\-@\t\r]/;
const IS_NUMBER = /^-?\d+(\.\d+)?$/;

/** A cell of a CSV file: quoted where needed, and never a formula for the program that opens it. Source: RFC 4180, OWASP. */
export function cell(value: string | number | null | undefined): string {
  const text = value === null || value === undefined ? '' : String(value);
  const harmless = BEGINS_A_FORMULA.test(text) && !IS_NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
