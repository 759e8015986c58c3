import type { ComponentChildren } from 'preact';
import type { Loaded } from '../graphql/query.ts';
import { words } from '../words/en.ts';
import { Failed } from './Problem.tsx';

/** Grey lines where something is about to be. They fade in late (see parts.css), so that a quick answer flashes nothing. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="hidden">{words.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="line" />
      ))}
    </div>
  );
}

/** What was loaded, a skeleton before that, and the failure above old rows, which stay. */
export function Loading<Data>({
  from,
  lines,
  children,
}: {
  from: Loaded<Data>;
  lines?: number;
  children: (data: Data) => ComponentChildren;
}) {
  const data = from.data.value;
  const failure = from.failure.value;
  return (
    <>
      {failure && <Failed failure={failure} retry={() => void from.reload()} />}
      {data !== undefined ? children(data) : !failure && <Skeleton {...(lines === undefined ? {} : { lines })} />}
    </>
  );
}
