import { Dialog } from '../ui/Dialog.tsx';
import { words } from '../words/en.ts';

export function Keys({ close }: { close: () => void }) {
  const { keys } = words;
  const all = [
    ['/', keys.search],
    ['Ctrl K', keys.goTo],
    ['?', keys.list],
    ['Esc', keys.close],
  ] as const;
  return (
    <Dialog title={keys.title} close={close}>
      <dl class="pairs">
        {all.map(([key, means]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
