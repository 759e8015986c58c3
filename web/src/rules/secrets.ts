const SECRETS: readonly string[] = ['privateKey'];

/** The variables with an empty text where a secret stood. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, SECRETS.includes(name) ? '' : withoutSecrets(each)]),
  );
}
