import { useState } from 'preact/hooks';
import { useAct } from '../../graphql/act.ts';
import { request } from '../../graphql/client.ts';
import { allPages, type Page as Rows, useList } from '../../graphql/query.ts';
import { usePlans } from '../../names/plans.ts';
import { here, setParams } from '../../router/location.ts';
import { mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Combobox, type Option } from '../../ui/Combobox.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Field } from '../../ui/Field.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { quantityColumn } from '../../ui/Quantity.tsx';
import { Table } from '../../ui/Table.tsx';
import { labels } from '../../words/labels.ts';
import {
  type ChangeLicensesMutation,
  changeLicensesMutation,
  type LicenceOrganizationsQuery,
  licenceOrganizationsQuery,
} from './queries.graphql.ts';
import './licences.css';
import { words } from './words.ts';

type Organization = LicenceOrganizationsQuery['organizations']['nodes'][number];
type Reported = Extract<ChangeLicensesMutation['changeLicenses'], { __typename: 'LicensesReported' }>;
type Outcome = Reported['answers'][number]['outcome'];
type Recorded = Extract<Outcome, { __typename: 'Recorded' }>;
type Refusal = { readonly __typename: string; readonly message: string };
type Logged = { readonly changeId: string; readonly name: string; readonly recorded: Recorded };

/** What the vendor platform does by script, by hand: makes the demo come alive. */
export default function Licences() {
  const msp = mspInView.value;
  const asked = { first: 50, search: here.value.params.get('search'), msp };
  const organizationsOf = (data: LicenceOrganizationsQuery): Rows<Organization> => data.organizations;
  const list = useList(licenceOrganizationsQuery, asked, organizationsOf);
  const plan = usePlans();
  const [chosen, choose] = useState<Pick<Organization, 'id' | 'name'>>();
  const [logged, log] = useState<readonly Logged[]>([]);
  return (
    <Page title={words.title}>
      <p class="lead">{words.means}</p>
      <div class="licences">
        <Report chosen={chosen} choose={choose} recorded={(one) => log((before) => [one, ...before])} />
        <section class="card stack" aria-label={words.log}>
          <h2>{words.log}</h2>
          {logged.length === 0 && <p class="muted">{words.none}</p>}
          <ul class="stack" aria-live="polite">
            {logged.map((one, place) => (
              <li key={`${logged.length - place}`}>
                <strong>{one.name}</strong>{' '}
                <Badge tone={one.recorded.alreadyRecorded ? 'calm' : 'good'}>
                  {one.recorded.alreadyRecorded
                    ? words.again(one.recorded.quantity, words.components[one.recorded.component])
                    : words.recorded(
                        one.recorded.delta,
                        one.recorded.quantity,
                        words.components[one.recorded.component],
                      )}
                </Badge>
                <p class="muted">
                  <Instant at={one.recorded.effectiveAt} precision="second" /> · {one.changeId}
                </p>
              </li>
            ))}
          </ul>
        </section>
      </div>
      <section class="stack">
        <div class="filters">
          <h2>{words.table}</h2>
          <input
            type="search"
            aria-label={words.search}
            placeholder={words.search}
            value={here.value.params.get('search') ?? ''}
            onInput={(event) => setParams({ search: event.currentTarget.value })}
          />
        </div>
        <ListOf
          from={list}
          empty={<Empty title={words.noOrganizations} means={words.noOrganizationsMeans} />}
          clearFilters={here.value.params.get('search') ? () => setParams({ search: null }) : undefined}
        >
          {({ nodes }) => (
            <Table
              label={words.table}
              rows={nodes}
              rowKey={(one) => one.id}
              file={{
                name: 'organizations',
                ids: [{ name: 'id', value: (one) => one.id }],
                rows: () => allPages(licenceOrganizationsQuery, asked, organizationsOf),
              }}
              columns={[
                { name: words.organization, isHead: true, cell: (one) => one.name },
                { name: words.plan, cell: (one) => plan(one.plan) },
                { name: words.type, cell: (one) => labels.licenseTypes[one.licenseType] },
                quantityColumn<Organization>(words.licenses, (one) => one.licenses),
                quantityColumn<Organization>(words.servers, (one) => one.servers),
                {
                  name: words.change,
                  isNameHidden: true,
                  isFigure: true,
                  cell: (one) => (
                    <button
                      type="button"
                      aria-label={words.choose(one.name)}
                      onClick={() => {
                        choose(one);
                        document.querySelector<HTMLElement>('[name="amount"]')?.focus();
                      }}
                    >
                      {words.change}
                    </button>
                  ),
                },
              ]}
            />
          )}
        </ListOf>
      </section>
    </Page>
  );
}

function Report({
  chosen,
  choose,
  recorded,
}: {
  chosen: Pick<Organization, 'id' | 'name'> | undefined;
  choose: (chosen: Pick<Organization, 'id' | 'name'>) => void;
  recorded: (logged: Logged) => void;
}) {
  const report = useAct(changeLicensesMutation);
  const [changeId, setChangeId] = useState<string>(() => crypto.randomUUID());
  const [errors, setErrors] = useState<{ organization?: string; amount?: string }>({});
  const [refusal, setRefusal] = useState<Refusal>();
  const [sent, setSent] = useState<string>();

  /** An id that no change was sent under yet. */
  function name(id: string): void {
    setChangeId(id);
    setSent(undefined);
  }

  async function submit(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const text = String(given.get('amount')).trim();
    const kind = given.get('kind') === 'QUANTITY' ? 'QUANTITY' : 'DELTA';
    const component = given.get('component') === 'SERVER' ? 'SERVER' : 'LICENSE';
    const at = String(given.get('effectiveAt'));
    const isNumber = /^[+-]?\d{1,9}$/.test(text);
    setErrors({
      ...(chosen ? {} : { organization: words.missingOrganization }),
      ...(isNumber
        ? kind === 'QUANTITY' && text.startsWith('-')
          ? { amount: words.negative }
          : {}
        : { amount: words.missingAmount }),
    });
    setRefusal(undefined);
    if (!chosen || !isNumber || (kind === 'QUANTITY' && text.startsWith('-'))) return;
    const content = {
      organization: chosen.id,
      component,
      ...(kind === 'DELTA' ? { delta: Number(text) } : { quantity: Number(text) }),
      ...(at ? { effectiveAt: new Date(`${at}Z`).toISOString() } : {}),
    } as const;
    // The same once more counts once; anything else is another change, unless a person has named it since.
    const isAnother = sent !== undefined && sent !== JSON.stringify(content);
    const change = { ...content, changeId: isAnother ? crypto.randomUUID() : changeId.trim() };
    setChangeId(change.changeId);
    setSent(JSON.stringify(content));
    const answer = await report.run({ changes: [change] });
    if (answer === undefined) return;
    const outcome = answer.__typename === 'LicensesReported' ? answer.answers[0]?.outcome : answer;
    if (outcome === undefined) return;
    if (outcome.__typename === 'Recorded') {
      recorded({ changeId: change.changeId, name: chosen.name, recorded: outcome });
    } else setRefusal(outcome);
  }

  return (
    <form
      noValidate
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      {report.failure.value && <Failed failure={report.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
      <Field label={words.organization} error={errors.organization}>
        {(slots) => (
          <Combobox
            {...slots}
            placeholder={words.search}
            text={chosen?.name ?? ''}
            search={searchOrganizations}
            take={({ value }) => choose(value)}
          />
        )}
      </Field>
      <div class="row apart">
        <Field label={words.component}>
          {(slots) => (
            <select {...slots} name="component">
              <option value="LICENSE">{words.components.LICENSE}</option>
              <option value="SERVER">{words.components.SERVER}</option>
            </select>
          )}
        </Field>
        <Field label={words.how}>
          {(slots) => (
            <select {...slots} name="kind">
              <option value="DELTA">{words.kinds.DELTA}</option>
              <option value="QUANTITY">{words.kinds.QUANTITY}</option>
            </select>
          )}
        </Field>
        <Field label={words.amount} error={errors.amount}>
          {(slots) => <input {...slots} class="figure" name="amount" inputMode="numeric" autocomplete="off" />}
        </Field>
      </div>
      <Field label={words.effectiveAt} help={words.effectiveHelp}>
        {(slots) => <input {...slots} type="datetime-local" step={1} name="effectiveAt" />}
      </Field>
      <Field label={words.changeId} help={words.changeIdHelp}>
        {(slots) => (
          <input {...slots} value={changeId} spellcheck={false} onInput={(event) => name(event.currentTarget.value)} />
        )}
      </Field>
      <p class="row">
        <button type="submit" class="primary" disabled={report.isBusy.value}>
          {words.go}
        </button>
        <button type="button" onClick={() => name(crypto.randomUUID())}>
          {words.newId}
        </button>
      </p>
    </form>
  );
}

async function searchOrganizations(
  typed: string,
  signal: AbortSignal,
): Promise<readonly Option<Pick<Organization, 'id' | 'name'>>[]> {
  const variables = { first: 25, search: typed.trim() || null, msp: mspInView.value };
  const { organizations } = await request(licenceOrganizationsQuery, variables, signal);
  return organizations.nodes.map((one) => ({
    value: { id: one.id, name: one.name },
    label: one.name,
    detail: [one.plan, one.id].join(' · '),
  }));
}
