import type { ComponentChildren } from 'preact';
import { go, href, type Params } from './location.ts';

type Props = {
  to: string;
  params?: Params;
  class?: string;
  children: ComponentChildren;
  'aria-current'?: 'page' | 'true' | undefined;
  'aria-label'?: string;
  title?: string;
};

/** A link within the panel: an ordinary one for the browser, without loading the page anew. */
export function Link({ to, params = {}, children, ...rest }: Props) {
  const address = href(to, params);
  return (
    <a
      {...rest}
      href={address}
      onClick={(event) => {
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(address);
      }}
    >
      {children}
    </a>
  );
}
