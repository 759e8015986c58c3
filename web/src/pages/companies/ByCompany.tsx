import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Drafts } from '../../drafts/drafts.ts';
import { request } from '../../graphql/client.ts';
import { allPages, type Page, useList, useQuery } from '../../graphql/query.ts';
import { useNames } from '../../names/names.ts';
import { Link } from '../../router/Link.tsx';
import { here, setParams } from '../../router/location.ts';
import { companyKey, type Draft, organizationKey, type Who } from '../../rules/mapping_drafts.ts';
import { mayAct, mspInView } from '../../session.ts';
import { isSetup } from '../../setup/SetupSteps.tsx';
import { lazy } from '../../shell/lazy.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Combobox, type Option } from '../../ui/Combobox.tsx';
import { CsvButton } from '../../ui/CsvButton.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { MenuButton } from '../../ui/MenuButton.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { words as shared } from '../../words/en.ts';
import { Filters, type Plan } from './Companies.tsx';
import type { Creating } from './CreateOrganization.tsx';
import {
  type AgreementFragment,
  type CompaniesQueryVariables,
  type CompanyFragment,
  companiesQuery,
  companyCountsQuery,
  findOrganizationsQuery,
  type SuggestionsQuery,
  suggestionsQuery,
} from './queries.graphql.ts';
import type { Refusals } from './Review.tsx';
import { words } from './words.ts';

type Company = CompanyFragment;
type Mapped = Company['mappings'][number];
type Suggestion = SuggestionsQuery['mappingSuggestions']['nodes'][number];
type MapDraft = Draft & { readonly kind: 'map' };

/** One line of the table: a mapping that stands, or a place to map something to the company. */
type Row =
  | { readonly kind: 'mapped'; readonly company: Company; readonly mapped: Mapped }
  | { readonly kind: 'open'; readonly company: Company; readonly suggestion: Suggestion | undefined };

// With the buttons that take many at once comes what it takes to walk all pages.
const Selecting = lazy(async () => (await import('./Selecting.tsx')).Selecting);

const STATES = ['open', 'suggested', 'mapped', 'all'] as const;
const PAGE = 50;

export type Shown = {
  readonly drafts: Drafts<Draft>;
  readonly refusals: Refusals;
  readonly plans: readonly Plan[];
  readonly create: (creating: Creating) => void;
};

export function ByCompany({ drafts, refusals, plans, create }: Shown) {
  const params = here.value.params;
  const state = STATES.find((one) => one === params.get('state')) ?? 'all';
  const [search, status] = [params.get('search'), params.get('status')];
  const msp = mspInView.value;
  const counts = useQuery(companyCountsQuery, { msp }).data.value;
  const filter: CompaniesQueryVariables['filter'] = {
    search,
    statuses: status === null ? null : [status],
    isMapped: state === 'all' ? null : state === 'mapped',
  };
  const isSuggested = state === 'suggested';
  const companies = useList(
    companiesQuery,
    isSuggested ? null : { first: PAGE, filter, msp },
    (data): Page<Company> => data.companies,
  );
  // Suggestions go by organization; the first ones are enough to mark the rows that are on screen.
  const suggestions = useList(
    suggestionsQuery,
    { first: 100, filter: isSuggested && search ? { search } : null, msp },
    (data): Page<Suggestion> => data.mappingSuggestions,
  );
  const [adding, add] = useState<readonly number[]>([]);
  const suggested = suggestions.page.value?.nodes ?? [];
  const suggestionFor = (company: Company) => bestOf(suggested.filter((one) => one.company.id === company.id));

  const rowsOf = (company: Company): readonly Row[] => {
    const mapped = company.mappings.map((one): Row => ({ kind: 'mapped', company, mapped: one }));
    const hasPlace = mapped.length === 0 || adding.includes(company.id) || drafts.all.value[companyKey(company.id)];
    return hasPlace ? [...mapped, { kind: 'open', company, suggestion: suggestionFor(company) }] : mapped;
  };
  const table = (shownCompanies: readonly Company[]) => (
    <CompanyTable
      rows={shownCompanies.flatMap(rowsOf)}
      {...{ drafts, refusals, plans, create }}
      add={(company) => add([...adding, company])}
    />
  );
  const isFiltered = Boolean(search || status || state !== 'all');
  const clear = () => setParams({ search: null, status: null, state: null });

  return (
    <>
      <Filters
        states={STATES}
        state={state}
        searchLabel={words.searchCompanies}
        counts={{
          all: counts?.all.totalCount,
          mapped: counts?.mapped.totalCount,
          suggested: counts?.suggested.totalCount,
          open: counts && counts.all.totalCount - counts.mapped.totalCount,
        }}
      >
        <select
          aria-label={words.status}
          value={status ?? ''}
          disabled={isSuggested}
          onChange={(event) => setParams({ status: event.currentTarget.value })}
        >
          <option value="">{words.anyStatus}</option>
          {counts?.all.counts
            .filter((one) => one.state !== '')
            .map((one) => (
              <option key={one.state} value={one.state}>
                {words.stateCount(one.state, one.count)}
              </option>
            ))}
        </select>
        <span class="spring" />
        {mayAct.value && suggestions.page.value && (
          <Selecting page={suggestions.page.value} draftOf={suggestedDraft} {...{ search, isSuggested, drafts }} />
        )}
        <CsvButton
          name="companies"
          columns={CSV}
          rows={() =>
            csvRows(allPages(companiesQuery, { first: 100, filter, msp }, (data): Page<Company> => data.companies))
          }
        />
        {mayAct.value && (
          <Link class="button" to={isSetup() ? '/setup/import' : '/import'}>
            {words.import}
          </Link>
        )}
      </Filters>
      {isSuggested ? (
        <ListOf from={suggestions} empty={null} clearFilters={clear}>
          {({ nodes }) => table(distinct(nodes.map((one) => one.company)))}
        </ListOf>
      ) : (
        <ListOf from={companies} empty={null} clearFilters={isFiltered ? clear : undefined}>
          {({ nodes }) => table(nodes)}
        </ListOf>
      )}
    </>
  );
}

const distinct = (companies: readonly Company[]) => [...new Map(companies.map((one) => [one.id, one])).values()];

function bestOf(suggestions: readonly Suggestion[]): Suggestion | undefined {
  return [...suggestions].sort((one, other) => other.score - one.score)[0];
}

function suggestedDraft({ organization, company, preselectedAgreement }: Suggestion): MapDraft {
  return {
    kind: 'map',
    who: { id: organization.id, name: organization.name },
    where: { company: company.id, companyName: company.name, agreement: preselectedAgreement },
    isMove: false,
  };
}

/** What an open row shows before anybody touched it: the suggestion, as long as that is not ambiguous. */
function offered(row: Row & { kind: 'open' }): MapDraft {
  const { company, suggestion } = row;
  const billable = company.agreements.filter((one) => !one.hasEnded);
  const only = billable.length === 1 ? (billable[0]?.id ?? null) : null;
  const where = { company: company.id, companyName: company.name, agreement: suggestion?.preselectedAgreement ?? only };
  const isOffered = suggestion !== undefined && !suggestion.isAmbiguous;
  return {
    kind: 'map',
    who: isOffered ? { id: suggestion.organization.id, name: suggestion.organization.name } : null,
    where,
    isMove: false,
  };
}

function CompanyTable({
  rows,
  drafts,
  refusals,
  plans,
  create,
  add,
}: Shown & { rows: readonly Row[]; add: (company: number) => void }) {
  const names = useNames(rows.map((row) => (row.kind === 'mapped' ? { organization: row.mapped.organization } : {})));
  const lastTicked = useRef<number>(-1);
  const all = drafts.all.value;
  const mayEdit = mayAct.value;

  const keyOf = (row: Row) =>
    row.kind === 'open' ? companyKey(row.company.id) : organizationKey(row.mapped.organization);
  /** What is edited in the row: its draft, or for an open one what is offered. */
  const edited = (row: Row): MapDraft | undefined => {
    const draft = all[keyOf(row)];
    if (draft?.kind === 'map') return draft;
    return row.kind === 'open' ? offered(row) : undefined;
  };
  const isWhole = (draft: MapDraft | undefined) => Boolean(draft?.who && draft.where?.agreement);
  const tick = (row: Row, isTicked: boolean) => {
    const draft = edited(row);
    if (row.kind !== 'open' || draft === undefined || (isTicked && !isWhole(draft))) return;
    drafts.set(keyOf(row), isTicked ? draft : undefined);
  };
  const organizationName = (mapped: Mapped) => names.organization(mapped.organization) ?? mapped.organization;

  const columns: readonly Column<Row>[] = [
    ...(mayEdit
      ? [
          {
            name: words.takeAll,
            isNameHidden: true,
            cell: (row: Row) =>
              row.kind === 'open' && (
                <input
                  type="checkbox"
                  aria-label={words.take(row.company.name)}
                  checked={all[keyOf(row)] !== undefined}
                  disabled={!isWhole(edited(row))}
                  onClick={(event) => {
                    const place = rows.indexOf(row);
                    const isTicked = event.currentTarget.checked;
                    const [from, to] =
                      event.shiftKey && lastTicked.current >= 0
                        ? [Math.min(place, lastTicked.current), Math.max(place, lastTicked.current)]
                        : [place, place];
                    for (const one of rows.slice(from, to + 1)) tick(one, isTicked);
                    lastTicked.current = place;
                  }}
                />
              ),
          },
        ]
      : []),
    {
      name: words.company,
      isHead: true,
      cell: ({ company }) => (
        <>
          <strong>{company.name}</strong> <span class="muted">{company.identifier}</span>
        </>
      ),
    },
    {
      name: words.kind,
      cell: ({ company }) => (
        <span class="muted">{[...company.types, company.status].filter(Boolean).join(' · ')}</span>
      ),
    },
    {
      name: words.agreement,
      cell: (row) => {
        const draft = edited(row);
        if (!mayEdit || draft === undefined) return row.kind === 'mapped' ? row.mapped.agreementName : null;
        return (
          <AgreementSelect
            company={row.company}
            chosen={draft.where?.agreement ?? null}
            choose={(agreement) =>
              drafts.set(keyOf(row), {
                ...draft,
                where: { company: row.company.id, companyName: row.company.name, agreement },
              })
            }
          />
        );
      },
    },
    {
      name: words.organization,
      isWide: true,
      cell: (row) => {
        const draft = edited(row);
        if (row.kind === 'mapped') {
          return (
            <Link to={`/organizations/${encodeURIComponent(row.mapped.organization)}`}>
              {organizationName(row.mapped)}
            </Link>
          );
        }
        if (!mayEdit || draft === undefined) return null;
        const choose = (who: Who | null) => drafts.set(keyOf(row), { ...draft, who });
        return (
          <OrganizationField
            label={words.organizationOf(row.company.name)}
            who={draft.who}
            suggestion={row.suggestion}
            plans={plans}
            choose={choose}
            create={(name) => create({ name, made: (created) => choose({ create: created }) })}
          />
        );
      },
    },
    {
      name: words.rowState,
      cell: (row) => (
        <>
          <RowState row={row} draft={all[keyOf(row)]} />
          {refusals[keyOf(row)] && (
            <p class="trouble">
              <Icon name="warning" />
              {refusals[keyOf(row)]?.message}
            </p>
          )}
        </>
      ),
    },
    {
      name: words.actions,
      isNameHidden: true,
      cell: (row) => (
        <RowMenu
          row={row}
          name={row.kind === 'mapped' ? organizationName(row.mapped) : row.company.name}
          drafts={drafts}
          add={add}
        />
      ),
    },
  ];

  return (
    <Table
      label={words.byCompany}
      columns={columns}
      rows={rows}
      rowKey={(row) => `${row.company.id} ${row.kind === 'mapped' ? row.mapped.organization : ''}`}
      rowClass={(row) => (all[keyOf(row)] ? 'drafted' : undefined)}
      file={null}
    />
  );
}

export function AgreementSelect({
  company,
  chosen,
  choose,
}: {
  company: { readonly name: string; readonly agreements: readonly AgreementFragment[] };
  chosen: number | null;
  choose: (agreement: number | null) => void;
}) {
  if (company.agreements.length === 0) return <span class="muted">{words.noAgreement}</span>;
  return (
    <select
      aria-label={words.agreementOf(company.name)}
      value={chosen ?? ''}
      onChange={(event) => choose(event.currentTarget.value === '' ? null : Number(event.currentTarget.value))}
    >
      <option value="">{words.chooseAgreement}</option>
      {company.agreements.map((one) => (
        <option key={one.id} value={one.id} disabled={one.hasEnded}>
          {[one.name, one.hasEnded ? words.ended : one.billingCycle].filter(Boolean).join(' · ')}
        </option>
      ))}
    </select>
  );
}

const nameOf = (who: Who | null) => (who === null ? '' : 'create' in who ? words.created(who.create.name) : who.name);

function OrganizationField({
  label,
  who,
  suggestion,
  plans,
  choose,
  create,
}: {
  label: string;
  who: Who | null;
  suggestion: Suggestion | undefined;
  plans: readonly Plan[];
  choose: (who: Who | null) => void;
  create: (name: string) => void;
}) {
  const isOffer =
    suggestion !== undefined && who !== null && !('create' in who) && who.id === suggestion.organization.id;
  const typed = useRef('');

  async function search(text: string, signal: AbortSignal): Promise<readonly Option<Who | null>[]> {
    typed.current = text.trim();
    const { organizations } = await request(
      findOrganizationsQuery,
      { search: text.trim() || null, msp: mspInView.value },
      signal,
    );
    const found = organizations.nodes.map((one) => {
      const plan = plans.find((each) => each.id === one.plan)?.name ?? one.plan;
      const why = one.mapping?.companyName
        ? words.mappedTo(one.mapping.companyName)
        : one.mapping?.excludedBecause
          ? words.excludedBecause(one.mapping.excludedBecause)
          : one.management === 'SELF'
            ? words.self
            : undefined;
      return {
        value: { id: one.id, name: one.name },
        label: one.name,
        detail: why ?? words.usage(plan, one.licenses),
        isShownOnly: why !== undefined,
      };
    });
    return [...found, { value: null, label: words.create(typed.current) }];
  }

  return (
    <>
      <Combobox
        label={label}
        placeholder={words.searchOrganization}
        text={nameOf(who)}
        search={search}
        take={({ value }) => (value === null ? create(typed.current) : choose(value))}
        clear={() => choose(null)}
      />
      {suggestion && (isOffer || who === null) && (
        <p class="muted reason">
          {isOffer ? suggestion.reason : `${suggestion.organization.name}? ${suggestion.reason}`}
        </p>
      )}
    </>
  );
}

function RowState({ row, draft }: { row: Row; draft: Draft | undefined }): ComponentChildren {
  if (draft?.kind === 'unmap') return <Badge tone="warn">{words.unmapping}</Badge>;
  if (draft !== undefined)
    return (
      <Badge tone="busy" icon="pencil">
        {words.draft}
      </Badge>
    );
  if (row.kind === 'open') {
    return row.suggestion === undefined ? (
      <Badge tone="calm">{words.unmapped}</Badge>
    ) : (
      <Badge tone="busy">{words.suggested}</Badge>
    );
  }
  const why = troubleOf(row.company, row.mapped.agreement);
  return why === undefined ? <Badge tone="good">{words.mapped}</Badge> : <Badge tone="bad">{words.problem(why)}</Badge>;
}

function troubleOf(company: Company, agreement: number | null): string | undefined {
  if (company.isGone) return words.gone;
  const found = company.agreements.find((one) => one.id === agreement);
  if (found === undefined) return words.gone;
  return found.hasEnded ? words.agreementEnded : undefined;
}

function RowMenu({
  row,
  name,
  drafts,
  add,
}: {
  row: Row;
  name: string;
  drafts: Drafts<Draft>;
  add: (company: number) => void;
}) {
  const { company } = row;
  const key = row.kind === 'mapped' ? organizationKey(row.mapped.organization) : '';
  return (
    <MenuButton label={words.menu(name)}>
      {row.kind === 'mapped' && mayAct.value && (
        <>
          <button type="button" class="quiet" onClick={() => add(company.id)}>
            {words.add}
          </button>
          {drafts.all.value[key] ? (
            <button type="button" class="quiet" onClick={() => drafts.set(key, undefined)}>
              {words.keep}
            </button>
          ) : (
            <>
              <Link
                class="button quiet"
                to={here.value.path}
                params={{ by: 'organization', search: name, change: row.mapped.organization }}
              >
                {words.change}
              </Link>
              <button
                type="button"
                class="quiet"
                onClick={() => drafts.set(key, { kind: 'unmap', organization: row.mapped.organization, name })}
              >
                {words.unmap}
              </button>
            </>
          )}
        </>
      )}
      <a class="button quiet" href={company.link} target="_blank" rel="noreferrer">
        {shared.openInPsa}
        <Icon name="out" />
      </a>
      {row.kind === 'mapped' && (
        <Link class="button quiet" to="/history" params={{ organization: row.mapped.organization }}>
          {words.history}
        </Link>
      )}
    </MenuButton>
  );
}

type CsvRow = { readonly company: Company; readonly mapped: Mapped | undefined };

const CSV = [
  { name: 'company_id', value: ({ company }: CsvRow) => company.id },
  { name: 'company_identifier', value: ({ company }: CsvRow) => company.identifier },
  { name: 'company', value: ({ company }: CsvRow) => company.name },
  { name: 'types', value: ({ company }: CsvRow) => company.types.join('; ') },
  { name: 'status', value: ({ company }: CsvRow) => company.status },
  { name: 'organization', value: ({ mapped }: CsvRow) => mapped?.organization },
  { name: 'agreement_id', value: ({ mapped }: CsvRow) => mapped?.agreement },
  { name: 'agreement', value: ({ mapped }: CsvRow) => mapped?.agreementName },
  { name: 'mapped_at', value: ({ mapped }: CsvRow) => mapped?.mappedAt },
];

async function* csvRows(pages: AsyncIterable<readonly Company[]>): AsyncGenerator<readonly CsvRow[]> {
  for await (const companies of pages) {
    yield companies.flatMap((company): readonly CsvRow[] =>
      company.mappings.length === 0
        ? [{ company, mapped: undefined }]
        : company.mappings.map((mapped) => ({ company, mapped })),
    );
  }
}
