import { Link } from '../router/Link.tsx';
import { Icon } from './Icon.tsx';

export type Step = {
  readonly path: string;
  readonly label: string;
  readonly isDone: boolean;
  readonly state: string;
};

/** Steps that can be left and come back to; done ones are marked by word and sign. */
export function Stepper({ label, steps, current }: { label: string; steps: readonly Step[]; current: string }) {
  return (
    <nav class="stepper" aria-label={label}>
      <ol>
        {steps.map((step, place) => (
          <li key={step.path} class={step.isDone ? 'done' : undefined}>
            <Link to={step.path} aria-current={step.path === current ? 'page' : undefined}>
              <span class="number">{step.isDone ? <Icon name="check" /> : place + 1}</span>
              <span class="label">{step.label}</span>
              <span class="hidden"> ({step.state})</span>
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
