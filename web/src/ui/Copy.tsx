import { useState } from 'preact/hooks';
import { words } from '../words/en.ts';

/** A button that puts a text on the clipboard and says so. */
export function Copy({ text, children = words.copy }: { text: string; children?: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <button
      type="button"
      class="quiet"
      onClick={async () => {
        await navigator.clipboard.writeText(text);
        setCopied(true);
      }}
      onBlur={() => setCopied(false)}
    >
      <span aria-live="polite">{isCopied ? words.copied : children}</span>
    </button>
  );
}
