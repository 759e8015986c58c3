import { inOwnTime, inUtc, isOwnTime, type Precision, shown, since } from '../words/format.ts';

/** An instant: in UTC, or in own time when that is switched on; the other one is in the tooltip. */
export function Instant({ at, precision = 'minute', now }: { at: string; precision?: Precision; now?: Date }) {
  const text = shown.value(at, precision);
  const other = isOwnTime.value ? inUtc(at, precision) : inOwnTime(at, precision);
  return (
    <time dateTime={at} title={other}>
      {text}
      {now && <span class="muted"> ({since(at, now)})</span>}
    </time>
  );
}
