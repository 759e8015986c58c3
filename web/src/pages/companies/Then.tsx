import { allPages, type Page, useList } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { mspInView } from '../../session.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Table } from '../../ui/Table.tsx';
import { quantity } from '../../words/format.ts';
import { later } from './later_words.ts';
import { type CompaniesAsOfQuery, companiesAsOfQuery } from './then.graphql.ts';
import { words } from './words.ts';

type Organization = CompaniesAsOfQuery['connectionAsOf']['organizations']['nodes'][number];

/** What was mapped where at an instant, by what was recorded by then. */
export function Then({ at }: { at: string }) {
  const asked = { first: 50, at, msp: mspInView.value };
  const organizationsOf = (data: CompaniesAsOfQuery): Page<Organization> => data.connectionAsOf.organizations;
  const list = useList(companiesAsOfQuery, asked, organizationsOf, { isLive: false });
  return (
    <ListOf from={list} empty={<Empty title={later.nothingThen} />}>
      {({ nodes }) => (
        <Table
          label={words.byOrganization}
          rows={nodes}
          rowKey={(one) => one.organization}
          file={{
            name: 'mappings',
            ids: [{ name: 'organization_id', value: (one) => one.organization }],
            rows: () => allPages(companiesAsOfQuery, asked, organizationsOf),
          }}
          columns={[
            {
              name: words.organization,
              isHead: true,
              value: (one) => one.name,
              cell: (one) => (
                <Link to={`/organizations/${encodeURIComponent(one.organization)}`}>
                  {one.name ?? one.organization}
                </Link>
              ),
            },
            { name: later.plan, cell: (one) => one.plan },
            {
              name: later.quantities,
              isFigure: true,
              cell: (one) => one.quantities.map((each) => quantity(each.counted)).join(' / '),
            },
            { name: words.company, cell: (one) => one.companyName ?? one.excludedBecause },
            { name: words.agreement, cell: (one) => one.agreementName },
            {
              name: later.mappedAt,
              value: (one) => one.mappedAt,
              cell: (one) => one.mappedAt && <Instant at={one.mappedAt} />,
            },
          ]}
        />
      )}
    </ListOf>
  );
}
