import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { here } from '../router/location.ts';
import { words } from '../words/en.ts';

/**
 * The path that the document was opened with, until a page is drawn. That page was reached from no other; with another
 * path it was, although the one before was left before it was loaded.
 */
let openedWith: string | null = here.peek().path;

/** The frame of every page: its one `h1`, which takes the focus when the page was reached from another, and the title. */
export function Page({
  title,
  beside,
  children,
}: {
  title: string;
  beside?: ComponentChildren;
  children: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (here.peek().path !== openedWith) heading.current?.focus();
    openedWith = null;
  }, []);
  useEffect(() => {
    document.title = words.title(title);
  }, [title]);
  return (
    <>
      <div class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {beside}
      </div>
      {children}
    </>
  );
}
