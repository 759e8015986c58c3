import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { CredentialsForm } from '../../credentials/CredentialsForm.tsx';
import { updateCredentialsMutation } from '../../credentials/queries.graphql.ts';
import { useAct } from '../../graphql/act.ts';
import { useQuery } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { go, href } from '../../router/location.ts';
import { isAdmin, mayAct, mspInView } from '../../session.ts';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Field } from '../../ui/Field.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Problem, Refused } from '../../ui/Problem.tsx';
import { toast } from '../../ui/Toasts.tsx';
import { words as shared } from '../../words/en.ts';
import { attentions } from '../../words/problems.ts';
import {
  changeSettingsMutation,
  disconnectMutation,
  pauseMutation,
  resumeMutation,
  type SettingsQuery,
  type StandingFragment,
  settingsQuery,
} from './queries.graphql.ts';
import './settings.css';
import { words } from './words.ts';

type Refusal = { readonly __typename: string; readonly message: string };

const TONES: Readonly<Record<StandingFragment['status'], Tone>> = {
  NOT_CONNECTED: 'calm',
  SETUP: 'busy',
  ACTIVE: 'good',
  PAUSED: 'warn',
  ATTENTION: 'bad',
};

/** Keys, rules of syncing, pausing, and the way out. */
export default function Settings() {
  const settings = useQuery(settingsQuery, { msp: mspInView.value });
  return (
    <Page title={words.title}>
      <Loading from={settings}>
        {(data) =>
          data.psaConnection.status === 'NOT_CONNECTED' ? (
            <Empty title={words.notConnected} means={words.notConnectedMeans}>
              {isAdmin.value && (
                <Link class="button primary" to="/setup/credentials">
                  {words.connect}
                </Link>
              )}
            </Empty>
          ) : (
            <div class="stack">
              <Credentials data={data} />
              <Syncing key={JSON.stringify(data.psaConnection.settings)} connection={data.psaConnection} />
              {mayAct.value && <Pausing connection={data.psaConnection} />}
              {mayAct.value && <Leaving data={data} />}
            </div>
          )
        }
      </Loading>
    </Page>
  );
}

function Pair({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Credentials({ data }: { data: SettingsQuery }) {
  const [isOpen, open] = useState(false);
  const update = useAct(updateCredentialsMutation);
  const connection = data.psaConnection;
  const last = data.replaced.nodes[0] ?? data.connected.nodes[0];
  const attention = connection.attention;
  return (
    <section class="card stack" aria-labelledby="credentials">
      <div class="row">
        <h2 id="credentials">{words.credentials}</h2>
        <Badge tone={TONES[connection.status]} icon={connection.status === 'PAUSED' ? 'pause' : undefined}>
          {shared.states[connection.status]}
        </Badge>
      </div>
      {attention && (
        <Problem
          trouble={{ what: attentions[attention.reason].what, means: attentions[attention.reason].means, cure: '' }}
          details={attention.detail}
        />
      )}
      <dl class="pairs">
        <Pair name={words.site}>{connection.siteUrl}</Pair>
        <Pair name={words.company}>
          {connection.companyName} <span class="muted">{connection.companyId}</span>
        </Pair>
        <Pair name={words.key}>{words.keyEnds(connection.keyHint ?? '')}</Pair>
        {last && (
          <Pair name={words.changed}>
            <Instant at={last.recordedAt} /> <span class="muted">{words.by(last.actor.subject)}</span>
          </Pair>
        )}
      </dl>
      {mayAct.value && (
        <p class="row">
          <button type="button" onClick={() => open(true)}>
            {words.replace}
          </button>
        </p>
      )}
      {isOpen && (
        <Dialog title={words.replaceTitle} close={() => open(false)}>
          <p>{words.replaceMeans}</p>
          {update.failure.value && <Failed failure={update.failure.value} />}
          <CredentialsForm
            fixed={{ siteUrl: connection.siteUrl ?? '', companyId: connection.companyId ?? '' }}
            saveLabel={words.replaceGo}
            save={async ({ publicKey, privateKey }) => {
              const answer = await update.run({ publicKey, privateKey });
              if (answer?.__typename !== 'ConnectionChanged') return answer;
              toast(words.replaced);
              open(false);
              return 'saved';
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

const NUMBERS = ['holdDays', 'dropGuardPercent', 'dropGuardUnits', 'parallelRequests'] as const;
const POLICIES = ['OVERWRITE', 'KEEP', 'HOLD'] as const;
type NumberName = (typeof NUMBERS)[number];

function Syncing({ connection }: { connection: StandingFragment }) {
  const now = connection.settings;
  const change = useAct(changeSettingsMutation);
  const [errors, setErrors] = useState<Partial<Record<string, string>>>({});
  const [refusal, setRefusal] = useState<Refusal>();
  const mayEdit = mayAct.value;

  async function submit(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const texts = NUMBERS.map((name) => [name, String(given.get(name)).trim()] as const);
    const wrong = texts.filter(([, text]) => !/^\d{1,6}$/.test(text)).map(([name]) => [name, words.number] as const);
    setErrors(Object.fromEntries(wrong));
    setRefusal(undefined);
    if (wrong.length) {
      form.querySelector<HTMLElement>(`[name="${wrong[0]?.[0]}"]`)?.focus();
      return;
    }
    const numbers = Object.fromEntries(texts.map(([name, text]) => [name, Number(text)])) as Record<NumberName, number>;
    const driftPolicy = POLICIES.find((one) => one === given.get('driftPolicy')) ?? now.driftPolicy;
    const answer = await change.run({ ...numbers, driftPolicy });
    if (answer === undefined) return;
    if (answer.__typename === 'ConnectionChanged') toast(words.saved);
    else if (answer.__typename === 'InvalidInput') setErrors({ [answer.field]: answer.reason });
    else setRefusal(answer);
  }

  const number = (name: NumberName, label: string, help?: string) => (
    <Field label={label} help={help} error={errors[name]}>
      {(slots) => (
        <input
          {...slots}
          name={name}
          class="figure short"
          inputMode="numeric"
          defaultValue={String(now[name])}
          disabled={!mayEdit}
        />
      )}
    </Field>
  );

  return (
    <form
      noValidate
      class="card stack"
      aria-labelledby="syncing"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      <h2 id="syncing">{words.syncing}</h2>
      {change.failure.value && <Failed failure={change.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
      <fieldset disabled={!mayEdit}>
        <legend>{words.driftPolicy}</legend>
        {POLICIES.map((policy) => (
          <label key={policy} class="check policy">
            <input type="radio" name="driftPolicy" value={policy} defaultChecked={policy === now.driftPolicy} />
            <span>
              {words.policies[policy].name} <span class="muted">{words.policies[policy].example}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {number('holdDays', words.holdDays, words.holdDaysHelp)}
      <fieldset disabled={!mayEdit}>
        <legend>{words.dropGuard}</legend>
        {number('dropGuardPercent', words.percent)}
        {number('dropGuardUnits', words.units, words.guardHelp)}
      </fieldset>
      {number('parallelRequests', words.parallel, words.parallelHelp)}
      {mayEdit && (
        <p class="row">
          <button type="submit" class="primary" disabled={change.isBusy.value}>
            {words.save}
          </button>
        </p>
      )}
    </form>
  );
}

function Pausing({ connection }: { connection: StandingFragment }) {
  const pause = useAct(pauseMutation);
  const resume = useAct(resumeMutation);
  const [refusal, setRefusal] = useState<Refusal>();
  const isPaused = connection.status === 'PAUSED';
  const act = isPaused ? resume : pause;
  return (
    <section class="card stack" aria-labelledby="pausing">
      <h2 id="pausing">{words.pauseTitle}</h2>
      <p>{isPaused ? words.resumeMeans : words.pauseMeans}</p>
      {act.failure.value && <Failed failure={act.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
      <p class="row">
        <button
          type="button"
          disabled={act.isBusy.value}
          onClick={async () => {
            const answer = await act.run({});
            setRefusal(answer !== undefined && 'message' in answer ? answer : undefined);
          }}
        >
          {isPaused ? words.resume : words.pause}
        </button>
      </p>
    </section>
  );
}

function Leaving({ data }: { data: SettingsQuery }) {
  const [isOpen, open] = useState(false);
  return (
    <section class="card stack" aria-labelledby="leaving">
      <h2 id="leaving">{words.disconnect}</h2>
      <p>{words.disconnectMeans}</p>
      <p class="row">
        <button type="button" class="danger" onClick={() => open(true)}>
          {words.disconnectGo}
        </button>
      </p>
      {isOpen && <Disconnect data={data} close={() => open(false)} />}
    </section>
  );
}

function Disconnect({ data, close }: { data: SettingsQuery; close: () => void }) {
  const disconnect = useAct(disconnectMutation);
  const [error, setError] = useState<string>();
  const [refusal, setRefusal] = useState<Refusal>();
  const companyId = data.psaConnection.companyId ?? '';
  const mapped = data.organizations.counts.find((one) => one.state === 'MAPPED')?.count ?? 0;

  async function submit(typed: string): Promise<void> {
    if (typed !== companyId) {
      setError(words.notTheSame);
      return;
    }
    const answer = await disconnect.run({});
    if (answer === undefined) return;
    if ('message' in answer) {
      setRefusal(answer);
      return;
    }
    toast(words.disconnected);
    close();
    go(href('/'));
  }

  return (
    <Dialog title={words.disconnect} close={close}>
      {disconnect.failure.value && <Failed failure={disconnect.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
      <dl class="pairs">
        <Pair name={words.stops}>{words.stopsMeans}</Pair>
        <Pair name={words.goes}>{words.goesMeans(mapped)}</Pair>
        <Pair name={words.stays}>{words.staysMeans}</Pair>
      </dl>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit(String(new FormData(event.currentTarget).get('companyId')).trim());
        }}
      >
        <Field label={words.confirm(companyId)} error={error}>
          {(slots) => <input {...slots} name="companyId" autocomplete="off" spellcheck={false} />}
        </Field>
        <p class="row end">
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button type="submit" class="danger" disabled={disconnect.isBusy.value}>
            {words.disconnect}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
