type Asked = { readonly name: string; readonly text: string; readonly variables: unknown };

/** A word for a POSIX shell: in single quotes everything but these stands for itself. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A line that asks the same; the token comes from the variable TOKEN of the shell it runs in. Secrets are left out. */
export function curlOf(origin: string, asked: Asked): string {
  const variables = withoutSecrets(asked.variables);
  const body = JSON.stringify({ query: asked.text.replace(/\s+/g, ' ').trim(), variables, operationName: asked.name });
  const accept = asked.text.startsWith('subscription') ? '--no-buffer -H "Accept: text/event-stream"' : '';
  return [
    `curl -s ${quoted(`${origin}/graphql`)}`,
    accept,
    '-H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json"',
    `-d ${quoted(body)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

const SECRETS: readonly string[] = ['privateKey'];

/** The variables with an empty text where a secret stood. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, SECRETS.includes(name) ? '' : withoutSecrets(each)]),
  );
}
