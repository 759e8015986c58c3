import { type Page as Rows, useList } from '../graphql/query.ts';
import { Link } from '../router/Link.tsx';
import { here } from '../router/location.ts';
import { Empty } from '../ui/Empty.tsx';
import { ListOf } from '../ui/ListOf.tsx';
import { Page } from '../ui/Page.tsx';
import { words } from '../words/en.ts';
import { type MspsQuery, mspsQuery } from './queries.graphql.ts';

type Msp = MspsQuery['msps']['nodes'][number];

/** For tokens that reach all MSPs: whose ledger is looked at. The choice is part of the address. */
export function ChooseMsp() {
  const msps = useList(mspsQuery, { first: 50 }, (data): Rows<Msp> => data.msps);
  return (
    <Page title={words.chooseMsp}>
      <p>{words.chooseMspMeans}</p>
      <ListOf from={msps} empty={<Empty title={words.noMsps} means={words.noMspsMeans} />}>
        {({ nodes }) => (
          <ul class="choices">
            {nodes.map(({ id }) => (
              <li key={id}>
                <Link to={here.value.path} params={{ msp: id }}>
                  {id}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </ListOf>
    </Page>
  );
}
