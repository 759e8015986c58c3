export type ServerSent = { readonly event: string; readonly data: string };

/** The events of a server-sent stream; comments and pings without data are left out. Source: WHATWG HTML, 9.2.6. */
export async function* sse(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerSent> {
  let rest = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value.replaceAll('\r\n', '\n')).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const found = parsed(part);
        if (found !== null) yield found;
      }
    }
  } finally {
    await reader.cancel();
  }
}

function parsed(part: string): ServerSent | null {
  let event = 'message';
  const data: string[] = [];
  for (const line of part.split('\n')) {
    const [name = '', text = ''] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)];
    if (name === 'event') event = text.trim();
    if (name === 'data') data.push(text.replace(/^ /, ''));
  }
  return data.length || event === 'complete' ? { event, data: data.join('\n') } : null;
}
