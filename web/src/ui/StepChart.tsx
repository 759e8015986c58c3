import { useEffect, useRef, useState } from 'preact/hooks';
import { lineOf, placing, type Step, scaleOf, valueAt } from '../rules/chart.ts';
import { beginOf, endOf } from '../rules/months.ts';
import { inUtc, quantity } from '../words/format.ts';
import { tell } from '../words/tell.ts';
import './stepchart.css';

const words = tell({
  now: 'now',
  inForce: 'in force',
  push: 'push',
});

const DAY = 86_400_000;
const HEIGHT = 200;
const FRAME = { height: HEIGHT, left: 44, right: 16, top: 36, bottom: 26 };
const LABEL_WIDTH = 30;

/**
 * A quantity over a billing month as steps, with a mark at each push. It is an image whose name says what it shows; the
 * table under it holds the same points.
 */
export function StepChart({
  name,
  month,
  steps,
  pushes,
  now,
}: {
  name: string;
  month: string;
  steps: readonly Step[];
  /** When quantities were verified in ConnectWise. */
  pushes: readonly string[];
  now: string;
}) {
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(720);
  useEffect(() => {
    const watched = box.current;
    if (watched === null) return;
    const observer = new ResizeObserver(([seen]) =>
      setWidth(Math.max(240, Math.floor(seen?.contentRect.width ?? 720))),
    );
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);
  const [begin, end] = [Date.parse(beginOf(month)), Date.parse(endOf(month))];
  const until = Math.min(Math.max(Date.parse(now), begin), end);
  const { top, ticks } = scaleOf(Math.max(...steps.map((step) => step.value)));
  const place = placing(month, top, { ...FRAME, width });
  const { x, y } = place;
  const last = Math.round((end - begin) / DAY);
  const days = width < 400 ? [1, 15, last] : [1, 8, 15, 22, last];
  return (
    <figure ref={box} class="chart">
      <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={name}>
        {ticks.map((value) => (
          <g key={value} class="grid">
            <line x1={FRAME.left} x2={width - FRAME.right} y1={y(value)} y2={y(value)} />
            <text x={FRAME.left - 8} y={y(value) + 4} text-anchor="end">
              {quantity(value)}
            </text>
          </g>
        ))}
        {days.map((day) => {
          const at = begin + (day - 1) * DAY;
          return (
            <text key={day} class="day" x={x(at)} y={HEIGHT - 6} text-anchor={day === 1 ? 'start' : 'middle'}>
              {new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })}
            </text>
          );
        })}
        {until < end && (
          <>
            <line class="now" x1={x(until)} x2={x(until)} y1={FRAME.top - 20} y2={HEIGHT - FRAME.bottom} />
            <text class="day" x={x(until)} y={FRAME.top - 24} text-anchor="middle">
              {words.now}
            </text>
          </>
        )}
        <path class="line" d={lineOf(steps, until, place)} />
        {labelled(steps, until, x).map((step) => (
          <text key={step.at} class="value" x={Math.max(x(step.at) + 4, FRAME.left + 4)} y={y(step.value) - 6}>
            {quantity(step.value)}
          </text>
        ))}
        {pushes.map((at) => {
          const moment = Math.min(Math.max(Date.parse(at), begin), end);
          return (
            <circle key={at} class="push" cx={x(moment)} cy={y(valueAt(steps, moment))} r="4.5">
              <title>{inUtc(at, 'second')}</title>
            </circle>
          );
        })}
      </svg>
      <figcaption>
        <span class="key line" /> {words.inForce}
        {pushes.length > 0 && (
          <>
            <span class="key push" /> {words.push}
          </>
        )}
      </figcaption>
    </figure>
  );
}

/** Values are written where there is room: of steps close together only the last one. */
function labelled(steps: readonly Step[], until: number, x: (at: number) => number): readonly Step[] {
  const shown = steps.filter((step) => step.at <= until);
  return shown.filter((step, place) => {
    const next = shown[place + 1];
    return next === undefined || x(next.at) - x(step.at) >= LABEL_WIDTH;
  });
}
