import { useState } from 'preact/hooks';
import { above, dailyLineOf, extremesOf, lengthOf, levelsOf } from '../../rules/daily.ts';
import { lazy } from '../../shell/lazy.tsx';
import type { OverviewQuery } from './queries.graphql.ts';
import { words } from './words.ts';

const ByDay = lazy(async () => (await import('./ByDay.tsx')).ByDay);

const HEIGHT = 40;

/** The billed licences of all organizations: how many now, and how they came to be so many in this month. */
export function ToDate({ licenses: { month, opening, days } }: { licenses: OverviewQuery['licensesByDay'] }) {
  const [isOpen, setOpen] = useState(false);
  const levels = levelsOf(month, opening, days);
  const extremes = extremesOf(levels);
  const now = levels.at(-1)?.inForce ?? opening;
  return (
    <section class="card to-date" aria-label={words.toDate(month)}>
      <h2>{words.toDate(month)}</h2>
      <p class="row">
        <strong class="figure">{words.licences(now)}</strong>
        <span class="muted figure">{words.sinceBegin(above(now, opening))}</span>
      </p>
      {extremes && (
        <svg
          viewBox={`0 0 ${lengthOf(month)} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={words.chart(month, opening, now, ...extremes)}
        >
          <path d={dailyLineOf(levels, HEIGHT)} />
        </svg>
      )}
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{words.byDay}</summary>
        <p class="muted">{words.whatCounts}</p>
        {isOpen && <ByDay month={month} levels={levels} />}
      </details>
    </section>
  );
}
