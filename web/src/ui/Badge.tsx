import { Icon, type IconName } from './Icon.tsx';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'calm';

const ICONS: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  bad: 'cross',
  warn: 'warning',
  busy: 'half',
  calm: 'ring',
};

/** A state: always a shape and a word, never a colour alone. */
export function Badge({ tone, icon, children }: { tone: Tone; icon?: IconName | undefined; children: string }) {
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon ?? ICONS[tone]} />
      {children}
    </span>
  );
}
