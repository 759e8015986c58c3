import { useQuery } from '../../graphql/query.ts';
import { usePlans } from '../../names/plans.ts';
import { mspInView } from '../../session.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { quantityColumn } from '../../ui/Quantity.tsx';
import { Table } from '../../ui/Table.tsx';
import { labels } from '../../words/labels.ts';
import { organizationThenQuery } from './queries.graphql.ts';
import { words } from './words.ts';

/** The organization by what was recorded by an instant. */
export function Then({ id, at }: { id: string; at: string }) {
  const loaded = useQuery(organizationThenQuery, { id, at, msp: mspInView.value }, { isLive: false });
  const plan = usePlans();
  const then = loaded.data.value?.connectionAsOf.organization;
  return (
    <Page title={then?.name ?? id}>
      <Loading from={loaded}>
        {() =>
          then ? (
            <div class="stack">
              <p class="row">
                <span class="muted">
                  {[id, then.plan && plan(then.plan), then.licenseType && labels.licenseTypes[then.licenseType]]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
                <span>
                  {then.excludedBecause
                    ? words.excluded(then.excludedBecause)
                    : then.agreementName
                      ? words.mappedTo(then.companyName ?? '', then.agreementName)
                      : words.unmapped}
                </span>
              </p>
              <Table
                label={words.quantities}
                rows={then.quantities}
                rowKey={(row) => row.component}
                file={{ name: `organization-${id}` }}
                columns={[
                  { name: words.component, isHead: true, cell: (row) => labels.components[row.component] },
                  quantityColumn<(typeof then.quantities)[number]>(words.counted, (row) => row.counted),
                  quantityColumn<(typeof then.quantities)[number]>(words.billed, (row) => row.billed),
                ]}
              />
            </div>
          ) : (
            <Empty title={words.unknownThen} />
          )
        }
      </Loading>
    </Page>
  );
}
