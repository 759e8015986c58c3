import { useState } from 'preact/hooks';
import { useDrafts } from '../../drafts/drafts.ts';
import { useAct } from '../../graphql/act.ts';
import { request } from '../../graphql/client.ts';
import { useQuery } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { go, href } from '../../router/location.ts';
import {
  type Chosen,
  type Draft,
  type Item,
  isMinimum,
  itemKey,
  type Mapping,
  mapDraft,
  type Rule,
  ruleDraft,
  ruleKey,
} from '../../rules/product_drafts.ts';
import { asOf, isAdmin, mayAct, mspInView } from '../../session.ts';
import { isSetup, SetupSteps } from '../../setup/SetupSteps.tsx';
import { lazy } from '../../shell/lazy.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Combobox, type Option } from '../../ui/Combobox.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { SaveBar } from '../../ui/SaveBar.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { words as shared } from '../../words/en.ts';
import { listed } from '../../words/format.ts';
import {
  confirmProductMappingMutation,
  type ProductsQuery,
  productsAsOfQuery,
  productsQuery,
  searchProductsQuery,
} from './queries.graphql.ts';
import './products.css';
import { words } from './words.ts';

type Line = ProductsQuery['productLines'][number];
type Standing = {
  readonly status: ProductsQuery['psaConnection']['status'];
  readonly isConfirmed: boolean;
  readonly productMappings: ProductsQuery['psaConnection']['productMappings'];
  readonly missingProducts: readonly Item[];
};
type Row = { readonly item: Item; readonly planName: string; readonly isFirst: boolean };

const RULES: readonly Rule[] = ['CURRENT', 'PEAK', 'AVERAGE'];
const CREATE = -1;

const CreateProduct = lazy(async () => (await import('./CreateProduct.tsx')).CreateProduct);
const Review = lazy(async () => (await import('./Review.tsx')).Review);

/** Which ConnectWise product bills each plan component; changes are drafts until they are reviewed. */
export default function Products() {
  const at = asOf.value;
  const now = useQuery(productsQuery, at === null ? { msp: mspInView.value } : null);
  const then = useQuery(productsAsOfQuery, at === null ? null : { msp: mspInView.value, at });
  return (
    <Page title={words.title}>
      <SetupSteps />
      <p class="lead">{words.means}</p>
      {at === null ? (
        <Loading from={now}>
          {({ productLines, psaConnection }) => <Mapped lines={productLines} standing={psaConnection} />}
        </Loading>
      ) : (
        <Loading from={then}>
          {({ productLines, connectionAsOf }) => (
            <Mapped lines={productLines} standing={{ ...connectionAsOf, missingProducts: [] }} />
          )}
        </Loading>
      )}
    </Page>
  );
}

function Mapped({ lines, standing }: { lines: readonly Line[]; standing: Standing }) {
  const drafts = useDrafts<Draft>('products', words.leave);
  const [isReviewing, review] = useState(false);
  const [creating, create] = useState<Item>();
  const confirm = useAct(confirmProductMappingMutation);
  const [refusal, setRefusal] = useState<{ __typename: string; message: string }>();

  if (standing.status === 'NOT_CONNECTED') {
    return (
      <Empty title={words.notConnected} means={words.notConnectedMeans}>
        {isAdmin.value && (
          <Link class="button primary" to="/setup/credentials">
            {words.connect}
          </Link>
        )}
      </Empty>
    );
  }

  const nameOf = (item: Item) => {
    const plan = lines.flatMap((line) => line.plans).find((one) => one.id === item.plan);
    return `${plan?.name ?? item.plan} ${words.components[item.component]}`;
  };
  const all = Object.values(drafts.all.value);
  const canConfirm = mayAct.value && !standing.isConfirmed && standing.missingProducts.length === 0 && all.length === 0;

  async function confirmMapping(): Promise<void> {
    const answer = await confirm.run({});
    if (answer === undefined) return;
    if (answer.__typename === 'ConnectionChanged') {
      setRefusal(undefined);
      if (isSetup()) go(href('/setup/import'));
    } else setRefusal(answer);
  }

  return (
    <div class="stack products">
      {confirm.failure.value && <Failed failure={confirm.failure.value} retry={() => void confirmMapping()} />}
      {refusal && <Refused refusal={refusal} />}
      {standing.missingProducts.length > 0 && (
        <p class="row">
          <Badge tone="warn">{words.missing(listed(standing.missingProducts.map(nameOf)))}</Badge>
        </p>
      )}
      {lines.map((line) => (
        <section key={line.id} class="stack">
          <h2>{line.name}</h2>
          <ProductTable line={line} standing={standing} drafts={drafts.all.value} draft={drafts.set} create={create} />
        </section>
      ))}
      <p class="muted">{words.ruleHelp}</p>
      {canConfirm && standing.productMappings.length > 0 && (
        <SaveBar text={words.confirmMeans}>
          <button type="button" class="primary" disabled={confirm.isBusy.value} onClick={() => void confirmMapping()}>
            {words.confirm}
          </button>
        </SaveBar>
      )}
      {standing.isConfirmed && isSetup() && all.length === 0 && (
        <p class="row end">
          <Link class="button primary" to="/setup/import">
            {words.next}
          </Link>
        </p>
      )}
      {all.length > 0 && mayAct.value && (
        <SaveBar text={words.drafts(all.length)}>
          <button type="button" onClick={drafts.clear}>
            {shared.discard}
          </button>
          <button
            type="button"
            class="primary"
            disabled={all.some((one) => one.kind === 'rule' && !isMinimum(one.minimum))}
            onClick={() => review(true)}
          >
            {words.review}
          </button>
        </SaveBar>
      )}
      {isReviewing && (
        <Review drafts={drafts} nameOf={nameOf} mappings={standing.productMappings} close={() => review(false)} />
      )}
      {creating && (
        <CreateProduct
          name={nameOf(creating)}
          close={() => create(undefined)}
          made={(chosen) => {
            create(undefined);
            drafts.set(itemKey(creating), mapDraft(creating, chosen, mappingOf(standing, creating)));
          }}
        />
      )}
    </div>
  );
}

function mappingOf(standing: Standing, item: Item): Mapping | undefined {
  return standing.productMappings.find((one) => one.plan === item.plan && one.component === item.component);
}

function ProductTable({
  line,
  standing,
  drafts,
  draft,
  create,
}: {
  line: Line;
  standing: Standing;
  drafts: Readonly<Record<string, Draft>>;
  draft: (key: string, draft: Draft | undefined) => void;
  create: (item: Item) => void;
}) {
  const rows: readonly Row[] = line.plans.flatMap((plan) =>
    plan.components.map((component, place) => ({
      item: { plan: plan.id, component },
      planName: plan.name,
      isFirst: place === 0,
    })),
  );
  const mayEdit = mayAct.value;

  /** What a row shows: its draft, else what stands. */
  const chosenOf = (item: Item): Chosen | null => {
    const drafted = drafts[itemKey(item)];
    return drafted?.kind === 'map' ? drafted.chosen : (mappingOf(standing, item) ?? null);
  };
  const termsOf = (product: number) => {
    const drafted = drafts[ruleKey(product)];
    if (drafted?.kind === 'rule') return { rule: drafted.rule, minimum: drafted.minimum };
    const standingTerms = standing.productMappings.find((one) => one.product === product);
    return { rule: standingTerms?.rule ?? 'CURRENT', minimum: String(standingTerms?.minimum ?? 0) } as const;
  };
  const setTerms = (chosen: Chosen, rule: Rule, minimum: string) => {
    const now = standing.productMappings.find((one) => one.product === chosen.product);
    draft(ruleKey(chosen.product), ruleDraft(chosen, rule, minimum, now));
  };
  const agreementsOf = (item: Item) =>
    standing.productMappings.find((one) => one.plan === item.plan && one.component === item.component)?.agreements;
  const isNeeded = (item: Item) =>
    standing.missingProducts.some((one) => one.plan === item.plan && one.component === item.component);

  const productCell = ({ item, planName }: Row) => {
    const chosen = chosenOf(item);
    const label = words.choose(planName, words.components[item.component]);
    if (!mayEdit) return chosen ? <Product chosen={chosen} /> : <span class="muted">{words.unmapped}</span>;
    return (
      <>
        <Combobox
          label={label}
          text={chosen ? `${chosen.identifier}  ${chosen.description}` : ''}
          placeholder={words.search}
          search={searchProducts}
          take={({ value }) => {
            if (value === CREATE) create(item);
            else if (typeof value === 'object') draft(itemKey(item), mapDraft(item, value, mappingOf(standing, item)));
          }}
          clear={() => draft(itemKey(item), mapDraft(item, null, mappingOf(standing, item)))}
        />
        {chosen === null && isNeeded(item) && <p class="needed">{words.needed}</p>}
      </>
    );
  };

  const columns: readonly Column<Row>[] = [
    { name: words.plan, isHead: true, cell: ({ planName }) => planName },
    { name: words.component, cell: ({ item }) => words.components[item.component] },
    {
      name: words.product,
      isWide: true,
      value: ({ item }) => {
        const chosen = chosenOf(item);
        return chosen && `${chosen.identifier} ${chosen.description}`;
      },
      cell: productCell,
    },
    {
      name: words.rule,
      value: ({ item }) => {
        const chosen = chosenOf(item);
        return chosen && words.rules[termsOf(chosen.product).rule];
      },
      cell: ({ item, planName }) => {
        const chosen = chosenOf(item);
        if (chosen === null) return null;
        const terms = termsOf(chosen.product);
        if (!mayEdit) return words.rules[terms.rule];
        return (
          <select
            aria-label={words.ruleOf(planName, words.components[item.component])}
            value={terms.rule}
            onChange={(event) => {
              const rule = RULES.find((one) => one === event.currentTarget.value);
              if (rule) setTerms(chosen, rule, terms.minimum);
            }}
          >
            {RULES.map((rule) => (
              <option key={rule} value={rule}>
                {words.rules[rule]}
              </option>
            ))}
          </select>
        );
      },
    },
    {
      name: words.minimum,
      isFigure: true,
      value: ({ item }) => {
        const chosen = chosenOf(item);
        return chosen && termsOf(chosen.product).minimum;
      },
      cell: ({ item, planName }) => {
        const chosen = chosenOf(item);
        if (chosen === null) return null;
        const terms = termsOf(chosen.product);
        if (!mayEdit) return terms.minimum;
        return (
          <input
            class="figure minimum"
            inputMode="numeric"
            aria-label={words.minimumOf(planName, words.components[item.component])}
            aria-invalid={isMinimum(terms.minimum) ? undefined : true}
            value={terms.minimum}
            onInput={(event) => setTerms(chosen, terms.rule, event.currentTarget.value)}
          />
        );
      },
    },
    {
      name: words.usedBy,
      isFigure: true,
      value: ({ item }) => agreementsOf(item),
      cell: ({ item }) => {
        const agreements = agreementsOf(item);
        return agreements == null ? null : words.agreements(agreements);
      },
    },
  ];

  return (
    <>
      <Table
        label={line.name}
        columns={columns}
        rows={rows}
        rowKey={({ item }) => itemKey(item)}
        rowClass={({ item }) => (drafts[itemKey(item)] ? 'drafted' : undefined)}
        file={{
          name: `products-${line.id}`,
          ids: [{ name: 'product_id', value: ({ item }) => chosenOf(item)?.product }],
        }}
      />
      {line.plans.some((plan) => plan.components.includes('SERVER')) &&
        line.plans
          .filter((plan) => !plan.components.includes('SERVER'))
          .map((plan) => (
            <p key={plan.id} class="muted">
              {words.noServers(plan.name)}
            </p>
          ))}
    </>
  );
}

function Product({ chosen }: { chosen: Chosen }) {
  return (
    <>
      <code>{chosen.identifier}</code> {chosen.description}
    </>
  );
}

async function searchProducts(typed: string, signal: AbortSignal): Promise<readonly Option<Chosen | number>[]> {
  const create = { value: CREATE, label: words.create };
  const found = await request(searchProductsQuery, { search: typed, msp: mspInView.value }, signal);
  return [
    ...found.psaProducts.map(({ id, identifier, description, isInactive }) => ({
      value: { product: id, identifier, description },
      label: identifier,
      detail: isInactive ? `${description} · ${words.inactive}` : description,
      isShownOnly: isInactive,
    })),
    create,
  ];
}
