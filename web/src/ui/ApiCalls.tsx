import { calls } from '../graphql/calls.ts';
import { curlOf } from '../rules/curl.ts';
import { words } from '../words/en.ts';
import { Copy } from './Copy.tsx';
import { Dialog } from './Dialog.tsx';
import { Empty } from './Empty.tsx';

/** What this page asked the API, and how to ask the same from a script. The token is never shown. */
export function ApiCalls({ close }: { close: () => void }) {
  const shown = [...calls.value].reverse();
  return (
    <Dialog title={words.calls.title} close={close} kind="drawer">
      <p>{words.calls.means}</p>
      {shown.length === 0 && <Empty title={words.calls.none} />}
      {shown.map((call) => (
        <details key={call.id} class="call">
          <summary>
            <span>{call.name}</span>
            <span class="muted figure">
              {call.outcome} {call.milliseconds !== null && words.calls.took(call.milliseconds)}
            </span>
          </summary>
          <pre>{call.text}</pre>
          <p class="muted">{words.calls.variables}</p>
          <pre>{JSON.stringify(call.variables, null, 2)}</pre>
          <pre>{curlOf(location.origin, call)}</pre>
          <p class="row">
            <Copy text={call.text}>{words.calls.copyGraphql}</Copy>
            <Copy text={curlOf(location.origin, call)}>{words.calls.copyCurl}</Copy>
          </p>
        </details>
      ))}
    </Dialog>
  );
}
