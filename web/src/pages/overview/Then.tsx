import { useQuery } from '../../graphql/query.ts';
import { usePlans } from '../../names/plans.ts';
import { Link } from '../../router/Link.tsx';
import { mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { Quantity, quantityColumn } from '../../ui/Quantity.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { words as shared } from '../../words/en.ts';
import { labels } from '../../words/labels.ts';
import { type OverviewThenQuery, overviewThenQuery } from './then.graphql.ts';
import { words } from './words.ts';

type Stood = OverviewThenQuery['connectionAsOf'];

/** The connection and its products by what was recorded by an instant. */
export function Then({ at }: { at: string }) {
  const loaded = useQuery(overviewThenQuery, { at, msp: mspInView.value }, { isLive: false });
  return (
    <Page title={words.title}>
      <Loading from={loaded}>{({ connectionAsOf }) => <Shown stood={connectionAsOf} />}</Loading>
    </Page>
  );
}

function Shown({ stood }: { stood: Stood }) {
  const plan = usePlans();
  const columns: readonly Column<Stood['productMappings'][number]>[] = [
    { name: words.past.plan, isHead: true, cell: (row) => plan(row.plan) },
    { name: words.past.component, cell: (row) => labels.components[row.component] },
    { name: words.past.product, isWide: true, cell: (row) => row.identifier },
    { name: words.past.rule, cell: (row) => labels.rules[row.rule] },
    quantityColumn(words.past.minimum, (row) => row.minimum),
  ];
  return (
    <div class="stack">
      <section class="card standing" aria-label={words.connection}>
        <div class="row">
          <h2>{stood.companyName ?? words.connection}</h2>
          <Badge tone={stood.status === 'ACTIVE' ? 'good' : 'calm'}>{shared.states[stood.status]}</Badge>
          {stood.siteUrl && (
            <span class="muted">
              {stood.siteUrl} · {stood.companyId} · {words.past.key(stood.keyHint ?? '')}
            </span>
          )}
        </div>
        <dl class="figures">
          {stood.connectedAt && (
            <div>
              <dt>{words.past.connected}</dt>
              <dd>
                <Instant at={stood.connectedAt} />
              </dd>
            </div>
          )}
          <div>
            <dt>{words.past.settings}</dt>
            <dd>
              {words.past.settingsOf(
                words.past.policies[stood.settings.driftPolicy],
                stood.settings.holdDays,
                stood.settings.dropGuardPercent,
                stood.settings.dropGuardUnits,
              )}
            </dd>
          </div>
          <div>
            <dt>{words.past.organizations}</dt>
            <dd>
              <Link to="/organizations">
                <Quantity value={stood.organizations.totalCount} />
              </Link>
            </dd>
          </div>
        </dl>
      </section>
      <h2>{words.past.products}</h2>
      {stood.productMappings.length === 0 ? (
        <Empty title={words.past.noProducts} />
      ) : (
        <Table
          label={words.past.products}
          columns={columns}
          rows={stood.productMappings}
          rowKey={(row) => `${row.plan} ${row.component}`}
          file={{ name: 'products' }}
        />
      )}
    </div>
  );
}
