import { Quantity } from '../ui/Quantity.tsx';
import { words } from './words.ts';

type Name = keyof typeof words.counts;
const NAMES = Object.keys(words.counts) as readonly Name[];

/** What an import found, by what became of it. What was not counted is not shown. */
export function ImportCounts({ counts }: { counts: Readonly<Partial<Record<Name, number | null>>> }) {
  return (
    <dl class="figures">
      {NAMES.filter((name) => typeof counts[name] === 'number').map((name) => (
        <div key={name}>
          <dt>{words.counts[name]}</dt>
          <dd>
            <Quantity value={counts[name]} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
