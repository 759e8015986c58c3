import { Badge, type Tone } from '../ui/Badge.tsx';
import { Copy } from '../ui/Copy.tsx';
import type { RightFragment, TestConnectionMutation } from './queries.graphql.ts';
import './credentials.css';
import { words } from './words.ts';

export type Tested = Extract<TestConnectionMutation['testConnection'], { __typename: 'ConnectionTested' }>;
type State = Tested['rights'][number]['state'];

const TONES: Readonly<Record<State, Tone>> = { GRANTED: 'good', DENIED: 'bad', SHOWN_WHEN_USED: 'calm' };

/** The rights of the API member, one by one; each missing one with the place where it is granted. */
export function Rights({ rights }: { rights: readonly { right: RightFragment; state: State }[] }) {
  return (
    <ul class="right-list">
      {rights.map(({ right, state }) => (
        <li key={`${right.name} ${right.level}`}>
          <span>
            {right.name} <strong>{right.level}</strong>
          </span>
          <Badge tone={TONES[state]}>{words.state[state]}</Badge>
          {state === 'DENIED' && (
            <span class="row cure">
              {right.menuPath} <Copy text={right.menuPath}>{words.copyPath}</Copy>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
