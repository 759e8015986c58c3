import { Component, type ComponentChildren, type ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { calls, forgetCalls } from '../graphql/calls.ts';
import { keepFollowing, liveness, reconnect } from '../graphql/live.ts';
import { mustSignIn, token } from '../graphql/token.ts';
import { Link } from '../router/Link.tsx';
import { here, leaving, setParams } from '../router/location.ts';
import { matching, type PageProps, type Route } from '../router/routes.ts';
import { asOf, mspInView, recognise, signInFailure, viewer } from '../session.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Skeleton } from '../ui/Loading.tsx';
import { Page } from '../ui/Page.tsx';
import { Failed, Problem } from '../ui/Problem.tsx';
import { Toasts } from '../ui/Toasts.tsx';
import { words } from '../words/en.ts';
import { shown } from '../words/format.ts';
import { ChooseMsp } from './ChooseMsp.tsx';
import { Header } from './Header.tsx';
import { lazy } from './lazy.tsx';
import { Menu } from './Menu.tsx';
import { Overlays } from './Overlays.tsx';
import { opened } from './opened.ts';
import { SignInAgain, SignInPage } from './SignIn.tsx';

keepFollowing(() => {
  const who = viewer.value;
  // The platform reports changes and reads no facts.
  if (who === undefined || who.role === 'PLATFORM' || mspInView.value === null) return undefined;
  return mspInView.value;
});

const loaded = new Map<Route, ComponentType<PageProps>>();

function componentOf(route: Route): ComponentType<PageProps> {
  const known = loaded.get(route) ?? lazy(async () => (await route.load()).default);
  loaded.set(route, known);
  return known;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    opened.open('find');
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector('dialog[open]')) return;
  if (event.key === '?') opened.open('keys');
  if (event.key === '/') {
    const field = document.querySelector<HTMLElement>('main [type="search"]');
    if (field) event.preventDefault();
    field?.focus();
  }
}

export function App() {
  useEffect(() => {
    void recognise();
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
  const path = here.value.path;
  // A new page begins with nothing open and no calls.
  useEffect(() => {
    opened.close();
    forgetCalls();
    scrollTo(0, 0);
  }, [path]);

  if (token.value === null) return <SignInPage />;
  if (viewer.value === undefined) {
    if (signInFailure.value?.kind === 'signed-out') return <SignInPage />;
    return (
      <main id="content" class="alone">
        {signInFailure.value ? <Failed failure={signInFailure.value} retry={() => void recognise()} /> : <Skeleton />}
      </main>
    );
  }
  return (
    <Broken>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <Header />
      <div class="body">
        <Menu />
        <main id="content" tabIndex={-1}>
          {asOf.value !== null && (
            <div class="banner">
              <p>{isOfThen(path) ? words.asOf.banner(shown.value(asOf.value)) : words.asOf.notHere}</p>
              <button type="button" onClick={() => setParams({ at: null })}>
                {words.asOf.back}
              </button>
            </div>
          )}
          {liveness.value === 'polling' && (
            <div class="banner" role="status">
              <p>
                <strong>{words.live.lost}</strong> {words.live.means} {words.live.cure}
              </p>
              <button type="button" onClick={reconnect}>
                {words.live.reconnect}
              </button>
            </div>
          )}
          <Broken key={path}>
            <Current path={path} />
          </Broken>
        </main>
      </div>
      <footer>
        <button type="button" class="quiet" onClick={() => opened.open('calls')}>
          {words.calls.button(calls.value.length)}
        </button>
        <button type="button" class="quiet" onClick={() => opened.open('keys')}>
          {words.keys.button}
        </button>
      </footer>
      <Overlays />
      <Toasts />
      {leaving.value && (
        <Dialog
          title={words.leave.title}
          close={() => {
            leaving.value = null;
          }}
          actions={
            <>
              <button
                type="button"
                onClick={() => {
                  leaving.value = null;
                }}
              >
                {words.leave.stay}
              </button>
              <button type="button" class="primary" onClick={leaving.value.go}>
                {words.leave.go}
              </button>
            </>
          }
        >
          <p>{leaving.value.because}</p>
        </Dialog>
      )}
      {mustSignIn.value && <SignInAgain />}
    </Broken>
  );
}

const isOfThen = (path: string) => matching(path, viewer.value?.role)?.route.showsThen === true;

function Current({ path }: { path: string }) {
  const match = matching(path, viewer.value?.role);
  if (match === null) {
    return (
      <Page title={words.notFound.title}>
        <Empty title={words.notFound.means}>
          <Link class="button" to="/">
            {words.notFound.go}
          </Link>
        </Empty>
      </Page>
    );
  }
  if (mspInView.value === null && !match.route.isForAllMsps) return <ChooseMsp />;
  const Component = componentOf(match.route);
  return <Component params={match.params} />;
}

/** A defect in one part is told where it happened, and leaves the rest of the panel standing. */
class Broken extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: undefined as unknown };

  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return (
      <Page title={words.broken.title}>
        <Problem
          trouble={{ what: words.broken.title, means: words.broken.means, cure: '' }}
          details={String(this.state.error)}
          action={
            <button type="button" onClick={() => location.reload()}>
              {words.broken.reload}
            </button>
          }
        />
      </Page>
    );
  }
}
