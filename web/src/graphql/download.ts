import { Failure } from './failure.ts';
import { signedInAgain, token } from './token.ts';

/**
 * Fetch a streamed file of the API with the bearer token, which a plain link could not send, and hand it to the browser.
 * Throws Failure.
 */
export async function download(path: string, name: string): Promise<void> {
  for (;;) {
    let answer: Response;
    let file: Blob;
    try {
      answer = await fetch(path, { headers: { Authorization: `Bearer ${token.value}` } });
      file = await answer.blob();
    } catch (error) {
      throw new Failure('unreachable', error instanceof Error ? error.message : String(error));
    }
    if (answer.status === 401) {
      await signedInAgain();
      continue;
    }
    const requestId = answer.headers.get('x-request-id');
    if (!answer.ok) throw new Failure('refused', `HTTP ${answer.status}`, null, requestId);
    const address = URL.createObjectURL(file);
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    URL.revokeObjectURL(address);
    return;
  }
}
