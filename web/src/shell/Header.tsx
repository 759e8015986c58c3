import { Link } from '../router/Link.tsx';
import { asOf, mspInView, signOut, viewer } from '../session.ts';
import { Icon } from '../ui/Icon.tsx';
import { words } from '../words/en.ts';
import { isOwnTime, shown, showOwnTime } from '../words/format.ts';
import { opened } from './opened.ts';
import { THEMES, theme } from './theme.ts';

export function Header() {
  const who = viewer.value;
  return (
    <header class="top">
      <button
        type="button"
        class="quiet only-narrow"
        aria-expanded={opened.value === 'menu'}
        onClick={() => opened.toggle('menu')}
      >
        <Icon name="menu" />
        {words.menu}
      </button>
      <Link to="/" class="brand">
        {words.product}
      </Link>
      {who?.msp === null && mspInView.value !== null && (
        <Link to="/" params={{ msp: null }} class="chip" title={words.chooseMsp}>
          <span class="only-wide">{words.msp} </span>
          {mspInView.value}
        </Link>
      )}
      <span class="spring" />
      <button type="button" class="quiet" onClick={() => opened.open('find')}>
        <Icon name="search" />
        <span class="only-wide">{words.find.button}</span>
        <kbd class="only-wide">Ctrl K</kbd>
        <span class="only-narrow hidden">{words.find.button}</span>
      </button>
      <button type="button" class="quiet" onClick={() => opened.open('as-of')}>
        <Icon name="clock" />
        <span class="only-wide">
          {asOf.value === null ? words.asOf.button : words.asOf.at(shown.value(asOf.value))}
        </span>
        <span class="only-narrow hidden">{words.asOf.button}</span>
      </button>
      {who && <Account />}
    </header>
  );
}

function Account() {
  const who = viewer.value;
  if (who === undefined) return null;
  return (
    <details class="account">
      <summary>
        <span class="hidden">{words.account}: </span>
        <span class="only-wide">{who.subject} · </span>
        <span class={who.role === 'AUDITOR' ? 'only-wide' : undefined}>{words.roles[who.role]}</span>
        {who.role === 'AUDITOR' && (
          <span class="badge calm">
            <Icon name="lock" />
            {words.readOnly}
          </span>
        )}
        <Icon name="down" />
      </summary>
      <div class="panel">
        <p class="muted">{who.subject}</p>
        <label class="check">
          <input
            type="checkbox"
            checked={isOwnTime.value}
            onChange={(event) => showOwnTime(event.currentTarget.checked)}
          />
          {words.ownTime}
        </label>
        <fieldset>
          <legend>{words.theme}</legend>
          {THEMES.map((one) => (
            <label key={one} class="check">
              <input
                type="radio"
                name="theme"
                checked={theme.value === one}
                onChange={() => {
                  theme.value = one;
                }}
              />
              {words.themes[one]}
            </label>
          ))}
        </fieldset>
        <button type="button" onClick={signOut}>
          {words.signOut}
        </button>
      </div>
    </details>
  );
}
