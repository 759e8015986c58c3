type Asked = { readonly name: string; readonly text: string; readonly variables: unknown };

/** A word for a POSIX shell: in single quotes everything but these stands for itself. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A line that asks the same; the token comes from the variable TOKEN of the shell it runs in. */
export function curlOf(origin: string, asked: Asked): string {
  const body = JSON.stringify({
    query: asked.text.replace(/\s+/g, ' ').trim(),
    variables: asked.variables,
    operationName: asked.name,
  });
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
