import { useState } from 'preact/hooks';
import { useAct } from '../graphql/act.ts';
import { siteOf } from '../rules/site.ts';
import { Field } from '../ui/Field.tsx';
import { Failed, Refused } from '../ui/Problem.tsx';
import { type RightFragment, testConnectionMutation } from './queries.graphql.ts';
import { Rights, type Tested } from './Rights.tsx';
import { words } from './words.ts';

/** A refusal with what some of them carry: the field it is about, the rights that are missing. */
export type Refusal = {
  readonly __typename: string;
  readonly message: string;
  readonly field?: string;
  readonly reason?: string;
  readonly reasons?: readonly string[];
  readonly rights?: readonly RightFragment[];
};

export type Credentials = { siteUrl: string; companyId: string; publicKey: string; privateKey: string };
type Name = keyof Credentials;
type Errors = Partial<Record<Name, string>>;

const NAMES: readonly Name[] = ['siteUrl', 'companyId', 'publicKey', 'privateKey'];

/** Which field each refusal is about; one that is about none is told above the form. */
const FIELDS: Readonly<Record<keyof typeof words.errors, readonly Name[]>> = {
  SiteRefused: ['siteUrl'],
  WrongSite: ['siteUrl'],
  PsaUnreachable: ['siteUrl'],
  UnknownLoginCompany: ['companyId'],
  WrongKeys: ['publicKey', 'privateKey'],
};

function errorsOf(refusal: Refusal): Errors {
  if (refusal.__typename === 'InvalidInput') {
    const name = NAMES.find((one) => one === refusal.field);
    return name && refusal.reason ? { [name]: refusal.reason } : {};
  }
  if (!Object.hasOwn(words.errors, refusal.__typename)) return {};
  const name = refusal.__typename as keyof typeof words.errors;
  return Object.fromEntries(FIELDS[name].map((field) => [field, words.errors[name]]));
}

function isTested(answer: Tested | Refusal): answer is Tested {
  return answer.__typename === 'ConnectionTested';
}

/**
 * Site, company and keys of an API member: tested right by right before they are saved. Each refusal marks its own field.
 * `fixed` are the site and the company of a connection whose keys are replaced.
 */
export function CredentialsForm({
  fixed,
  saveLabel,
  save,
}: {
  fixed?: { siteUrl: string; companyId: string };
  saveLabel: string;
  /** Save, and give the refusal if there is one; undefined when there was no answer. */
  save: (credentials: Credentials) => Promise<Refusal | 'saved' | undefined>;
}) {
  const [given, setGiven] = useState<Credentials>({
    siteUrl: '',
    companyId: '',
    publicKey: '',
    privateKey: '',
    ...fixed,
  });
  const [errors, setErrors] = useState<Errors>({});
  const [refusal, setRefusal] = useState<Refusal>();
  const [tested, setTested] = useState<Tested>();
  const [rewritten, setRewritten] = useState<string>();
  const [isShown, setShown] = useState(false);
  const [isSaving, setSaving] = useState(false);
  const test = useAct(testConnectionMutation);
  const isBusy = test.isBusy.value || isSaving;

  function change(name: Name, value: string): void {
    setGiven((before) => ({ ...before, [name]: value }));
    setErrors(({ [name]: _, ...others }) => others);
    setTested(undefined);
    setRefusal(undefined);
    if (name === 'siteUrl') setRewritten(undefined);
  }

  function leaveSite(): void {
    const site = siteOf(given.siteUrl);
    if (site === given.siteUrl) return;
    setRewritten(site === given.siteUrl.trim() ? undefined : site);
    setGiven((before) => ({ ...before, siteUrl: site }));
  }

  function show(all: Errors, form: HTMLFormElement): void {
    setErrors(all);
    const first = NAMES.find((name) => all[name]);
    if (first) form.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
  }

  async function carryOut(form: HTMLFormElement, kind: 'test' | 'save'): Promise<void> {
    const wanted: Credentials = { ...given, siteUrl: siteOf(given.siteUrl) };
    const missing = NAMES.filter((name) => wanted[name].trim() === '');
    setRefusal(undefined);
    if (missing.length) {
      show(Object.fromEntries(missing.map((name) => [name, words.missing])), form);
      return;
    }
    if (kind === 'save') setSaving(true);
    const answer = kind === 'test' ? await test.run(wanted) : await save(wanted);
    setSaving(false);
    if (answer === undefined || answer === 'saved') return;
    if (isTested(answer)) {
      setTested(answer);
      setErrors({});
      return;
    }
    const marked = errorsOf(answer);
    setTested(undefined);
    if (Object.keys(marked).length) show(marked, form);
    else setRefusal(answer);
  }

  const text = (name: Name) => ({
    name,
    value: given[name],
    autocomplete: 'off',
    spellcheck: false,
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement }) => change(name, event.currentTarget.value),
  });

  return (
    <form
      noValidate
      class="with-rights"
      aria-busy={isBusy}
      onSubmit={(event) => {
        event.preventDefault();
        void carryOut(event.currentTarget, 'save');
      }}
    >
      <div>
        {test.failure.value && <Failed failure={test.failure.value} />}
        {refusal && (
          <Refused refusal={refusal}>
            {refusal.rights && <Rights rights={refusal.rights.map((right) => ({ right, state: 'DENIED' }))} />}
          </Refused>
        )}
        {!fixed && (
          <>
            <Field
              label={words.siteUrl}
              help={rewritten ? words.rewritten(rewritten) : words.siteHelp}
              error={errors.siteUrl}
            >
              {(slots) => <input {...slots} {...text('siteUrl')} inputMode="url" onBlur={leaveSite} />}
            </Field>
            <Field label={words.companyId} help={words.companyHelp} error={errors.companyId}>
              {(slots) => <input {...slots} {...text('companyId')} />}
            </Field>
          </>
        )}
        <Field label={words.publicKey} error={errors.publicKey}>
          {(slots) => <input {...slots} {...text('publicKey')} />}
        </Field>
        <Field label={words.privateKey} help={words.keyHelp} error={errors.privateKey}>
          {(slots) => {
            const field = { ...slots, ...text('privateKey'), autocomplete: 'new-password' };
            return isShown ? <input {...field} type="text" /> : <input {...field} type="password" />;
          }}
        </Field>
        <label class="check">
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.currentTarget.checked)} />
          {words.show}
        </label>
        <p class="row actions">
          <button
            type="button"
            disabled={isBusy}
            onClick={(event) => {
              const form = event.currentTarget.closest('form');
              if (form) void carryOut(form, 'test');
            }}
          >
            {words.test}
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            {saveLabel}
          </button>
          <span role="status" class="muted">
            {isBusy && words.testing}
          </span>
        </p>
      </div>
      {tested && (
        <section aria-label={words.rights} class="card">
          <h2>{words.rights}</h2>
          <p>{words.rightsOf(tested.companyName, tested.version)}</p>
          <Rights rights={tested.rights} />
          <p role="status" class={tested.isUsable ? 'muted' : 'what'}>
            {tested.isUsable ? words.usable : words.unusable}
          </p>
        </section>
      )}
    </form>
  );
}
