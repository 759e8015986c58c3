/**
 * The address of a ConnectWise as it is kept: what people paste is cut to its origin, and https is put before a bare name.
 * Anything that is no address stays as it is; the API says what is wrong with it.
 */
export function siteOf(pasted: string): string {
  const text = pasted.trim();
  if (text === '') return '';
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  return url === null || url.origin === 'null' || url.hostname.includes('%') ? text : url.origin;
}
