import { useState } from 'preact/hooks';
import { useAct } from '../../graphql/act.ts';
import { request } from '../../graphql/client.ts';
import { allPages, type Page, useList } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { type Draft, organizationKey } from '../../rules/mapping_drafts.ts';
import { mayAct, mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Combobox, type Option } from '../../ui/Combobox.tsx';
import { CsvButton } from '../../ui/CsvButton.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Field } from '../../ui/Field.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { MenuButton } from '../../ui/MenuButton.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { quantityColumn } from '../../ui/Quantity.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { words as shared } from '../../words/en.ts';
import { AgreementSelect, type Shown } from './ByCompany.tsx';
import { Filters } from './Companies.tsx';
import { later } from './later_words.ts';
import {
  excludeOrganizationsMutation,
  includeOrganizationsMutation,
  type OrganizationsQuery,
  type OrganizationsQueryVariables,
  organizationsQuery,
} from './organizations.graphql.ts';
import { type CompanyFragment, companiesQuery } from './queries.graphql.ts';
import { words } from './words.ts';

type Organization = OrganizationsQuery['organizations']['nodes'][number];
type MapDraft = Draft & { readonly kind: 'map' };

const STATES = ['open', 'mapped', 'excluded', 'all'] as const;
const PAGE = 50;

const FILTERS: Readonly<Record<(typeof STATES)[number], OrganizationsQueryVariables['filter']>> = {
  open: { isMapped: false, isExcluded: false, isClosed: false },
  mapped: { isMapped: true },
  excluded: { isExcluded: true },
  all: {},
};

/** What has usage and no company, and where everything else is billed. */
export function ByOrganization({ drafts, refusals, plans }: Shown) {
  const params = here.value.params;
  const search = params.get('search');
  const state = STATES.find((one) => one === params.get('state')) ?? 'all';
  const msp = mspInView.value;
  const filter = { ...FILTERS[state], search };
  const list = useList(
    organizationsQuery,
    { first: PAGE, filter, msp },
    (data): Page<Organization> => data.organizations,
  );
  const [excluding, exclude] = useState<Organization>();
  const include = useAct(includeOrganizationsMutation);
  const count = (name: string) => list.page.value?.counts.find((one) => one.state === name)?.count;
  const planName = (id: string) => plans.find((plan) => plan.id === id)?.name ?? id;
  const mayEdit = mayAct.value;
  const all = drafts.all.value;

  /** The draft of a row; a mapped one is edited only once its change was asked for. */
  const edited = (organization: Organization): MapDraft | undefined => {
    const draft = all[organizationKey(organization.id)];
    if (draft?.kind === 'map') return draft;
    if (draft !== undefined || organization.isClosed || organization.management === 'SELF') return undefined;
    const { mapping } = organization;
    if (mapping !== null && params.get('change') !== organization.id) return undefined;
    return {
      kind: 'map',
      who: { id: organization.id, name: organization.name },
      where: null,
      isMove: mapping !== null,
    };
  };

  const columns: readonly Column<Organization>[] = [
    {
      name: words.organization,
      isHead: true,
      cell: (one) => <Link to={`/organizations/${encodeURIComponent(one.id)}`}>{one.name}</Link>,
    },
    { name: later.plan, cell: (one) => planName(one.plan) },
    quantityColumn(later.licenses, (one) => one.licenses),
    quantityColumn(later.servers, (one) => one.servers),
    {
      name: words.company,
      isWide: true,
      cell: (one) => {
        const draft = edited(one);
        if (!mayEdit || draft === undefined) return one.mapping?.companyName;
        return (
          <CompanyField
            label={later.companyOf(one.name)}
            chosen={draft.where?.companyName ?? ''}
            choose={(company) =>
              drafts.set(
                organizationKey(one.id),
                company === null ? undefined : { ...draft, where: { ...company, agreement: company.only } },
              )
            }
          />
        );
      },
    },
    {
      name: words.agreement,
      cell: (one) => {
        const draft = edited(one);
        if (!mayEdit || draft === undefined) return one.mapping?.agreementName;
        if (draft.where === null) return null;
        return (
          <AgreementOf
            company={draft.where.company}
            draft={draft}
            set={(next) => drafts.set(organizationKey(one.id), next)}
          />
        );
      },
    },
    {
      name: words.rowState,
      cell: (one) => (
        <>
          <State organization={one} draft={all[organizationKey(one.id)]} />
          {refusals[organizationKey(one.id)] && (
            <p class="trouble">
              <Icon name="warning" />
              {refusals[organizationKey(one.id)]?.message}
            </p>
          )}
        </>
      ),
    },
    {
      name: words.actions,
      isNameHidden: true,
      cell: (one) => (
        <MenuButton label={words.menu(one.name)}>
          {mayEdit && all[organizationKey(one.id)] && (
            <button type="button" class="quiet" onClick={() => drafts.set(organizationKey(one.id), undefined)}>
              {words.keep}
            </button>
          )}
          {mayEdit && one.mapping?.company != null && (
            <>
              <button type="button" class="quiet" onClick={() => setParams({ change: one.id })}>
                {words.change}
              </button>
              <button
                type="button"
                class="quiet"
                onClick={() =>
                  drafts.set(organizationKey(one.id), { kind: 'unmap', organization: one.id, name: one.name })
                }
              >
                {words.unmap}
              </button>
            </>
          )}
          {mayEdit && one.mapping === null && !one.isClosed && (
            <button type="button" class="quiet" onClick={() => exclude(one)}>
              {later.exclude}
            </button>
          )}
          {mayEdit && one.mapping?.excludedBecause != null && (
            <button type="button" class="quiet" onClick={() => void include.run({ organizations: [one.id] })}>
              {later.include}
            </button>
          )}
          <Link class="button quiet" to="/history" params={{ organization: one.id }}>
            {words.history}
          </Link>
        </MenuButton>
      ),
    },
  ];

  return (
    <>
      <Filters
        states={STATES}
        state={state}
        searchLabel={later.searchOrganizations}
        counts={{ open: count('UNMAPPED'), mapped: count('MAPPED'), excluded: count('EXCLUDED') }}
      >
        <span class="spring" />
        <CsvButton
          name="organizations"
          columns={CSV}
          rows={() =>
            allPages(organizationsQuery, { first: 100, filter, msp }, (data): Page<Organization> => data.organizations)
          }
        />
      </Filters>
      {include.failure.value && <Failed failure={include.failure.value} />}
      <ListOf
        from={list}
        empty={<Empty title={later.noOrganizations} means={later.noOrganizationsMeans} />}
        clearFilters={search || state !== 'all' ? () => setParams({ search: null, state: null }) : undefined}
      >
        {({ nodes }) => (
          <Table
            label={words.byOrganization}
            columns={columns}
            rows={nodes}
            rowKey={(one) => one.id}
            rowClass={(one) => (all[organizationKey(one.id)] ? 'drafted' : undefined)}
            file={null}
          />
        )}
      </ListOf>
      {excluding && <Exclude organization={excluding} close={() => exclude(undefined)} />}
    </>
  );
}

function State({ organization, draft }: { organization: Organization; draft: Draft | undefined }) {
  if (draft?.kind === 'unmap') return <Badge tone="warn">{words.unmapping}</Badge>;
  if (draft !== undefined) {
    return (
      <Badge tone="busy" icon="pencil">
        {words.draft}
      </Badge>
    );
  }
  if (organization.isClosed) return <Badge tone="calm">{later.closed}</Badge>;
  if (organization.management === 'SELF') return <Badge tone="calm">{words.self}</Badge>;
  if (organization.mapping === null) return <Badge tone="calm">{words.unmapped}</Badge>;
  const { excludedBecause } = organization.mapping;
  if (excludedBecause !== null) return <Badge tone="calm">{words.excludedBecause(excludedBecause)}</Badge>;
  return <Badge tone="good">{words.mapped}</Badge>;
}

type Company = { readonly company: number; readonly companyName: string; readonly only: number | null };

function CompanyField({
  label,
  chosen,
  choose,
}: {
  label: string;
  chosen: string;
  choose: (company: Company | null) => void;
}) {
  async function search(text: string, signal: AbortSignal): Promise<readonly Option<Company>[]> {
    const variables = { first: 25, filter: { search: text.trim() || null }, msp: mspInView.value };
    const { companies } = await request(companiesQuery, variables, signal);
    return companies.nodes.map((one) => {
      const billable = one.agreements.filter((each) => !each.hasEnded);
      const only = billable.length === 1 ? (billable[0]?.id ?? null) : null;
      return {
        value: { company: one.id, companyName: one.name, only },
        label: one.name,
        detail: [one.identifier, one.status, billable.length === 0 && words.noAgreement].filter(Boolean).join(' · '),
        isShownOnly: billable.length === 0,
      };
    });
  }
  return (
    <Combobox
      label={label}
      placeholder={later.searchCompany}
      text={chosen}
      search={search}
      take={({ value }) => choose(value)}
      clear={() => choose(null)}
    />
  );
}

/** The agreements of the chosen company, looked up by its name since the directory is searched by that. */
function AgreementOf({ company, draft, set }: { company: number; draft: MapDraft; set: (draft: MapDraft) => void }) {
  const search = draft.where?.companyName ?? '';
  const found = useList(
    companiesQuery,
    { first: 25, filter: { search }, msp: mspInView.value },
    (data): Page<CompanyFragment> => data.companies,
    { isLive: false },
  );
  const there = found.page.value?.nodes.find((one) => one.id === company);
  if (there === undefined || draft.where === null) return null;
  const { where } = draft;
  return (
    <AgreementSelect
      company={there}
      chosen={where.agreement}
      choose={(agreement) => set({ ...draft, where: { ...where, agreement } })}
    />
  );
}

function Exclude({ organization, close }: { organization: Organization; close: () => void }) {
  const exclude = useAct(excludeOrganizationsMutation);
  const [refusal, setRefusal] = useState<{ __typename: string; message: string }>();
  async function submit(reason: string): Promise<void> {
    const answer = await exclude.run({ items: [{ organization: organization.id, reason }] });
    if (answer === undefined) return;
    const outcome = answer.__typename === 'MappingsChanged' ? answer.answers[0]?.outcome : answer;
    if (outcome !== undefined && 'message' in outcome) setRefusal(outcome);
    else close();
  }
  return (
    <Dialog title={later.excludeTitle(organization.name)} close={close}>
      <p>{later.excludeMeans}</p>
      {exclude.failure.value && <Failed failure={exclude.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(String(new FormData(event.currentTarget).get('reason')));
        }}
      >
        <Field label={later.reason}>{(slots) => <input {...slots} name="reason" required maxLength={200} />}</Field>
        <p class="row end">
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button type="submit" class="primary" disabled={exclude.isBusy.value}>
            {later.excludeGo}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

const CSV = [
  { name: 'organization', value: (one: Organization) => one.id },
  { name: 'name', value: (one: Organization) => one.name },
  { name: 'plan', value: (one: Organization) => one.plan },
  { name: 'license_type', value: (one: Organization) => one.licenseType },
  { name: 'management', value: (one: Organization) => one.management },
  { name: 'licenses', value: (one: Organization) => one.licenses },
  { name: 'servers', value: (one: Organization) => one.servers },
  { name: 'company_id', value: (one: Organization) => one.mapping?.company },
  { name: 'company', value: (one: Organization) => one.mapping?.companyName },
  { name: 'agreement_id', value: (one: Organization) => one.mapping?.agreement },
  { name: 'agreement', value: (one: Organization) => one.mapping?.agreementName },
  { name: 'mapped_at', value: (one: Organization) => one.mapping?.mappedAt },
  { name: 'excluded_because', value: (one: Organization) => one.mapping?.excludedBecause },
];
