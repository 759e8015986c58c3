import { useState } from 'preact/hooks';
import { signIn, signInFailure } from '../session.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Field } from '../ui/Field.tsx';
import { Page } from '../ui/Page.tsx';
import { Failed } from '../ui/Problem.tsx';
import { words } from '../words/en.ts';

function TokenForm() {
  const [error, setError] = useState<string>();
  const failure = signInFailure.value;
  const refused = failure?.kind === 'signed-out' ? words.signIn.refused : undefined;
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget).get('token');
        if (typeof given !== 'string' || given.trim() === '') {
          setError(words.signIn.missing);
          return;
        }
        setError(undefined);
        await signIn(given);
      }}
    >
      <Field label={words.signIn.token} error={error ?? refused}>
        {(slots) => <textarea {...slots} name="token" rows={4} autocomplete="off" spellcheck={false} />}
      </Field>
      {failure && failure.kind !== 'signed-out' && <Failed failure={failure} />}
      <p class="row">
        <button type="submit" class="primary">
          {words.signIn.go}
        </button>
      </p>
    </form>
  );
}

export function SignInPage() {
  return (
    <main id="content" class="alone">
      <Page title={words.signIn.title}>
        <p>{words.signIn.means}</p>
        <TokenForm />
      </Page>
    </main>
  );
}

/** Over the page that was at work: it goes on as soon as somebody has signed in. */
export function SignInAgain() {
  return (
    <Dialog title={words.signIn.again}>
      <p>{words.signIn.againMeans}</p>
      <TokenForm />
    </Dialog>
  );
}
