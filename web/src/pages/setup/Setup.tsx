import { CredentialsForm } from '../../credentials/CredentialsForm.tsx';
import { connectMutation } from '../../credentials/queries.graphql.ts';
import { words as formWords } from '../../credentials/words.ts';
import { useAct } from '../../graphql/act.ts';
import { useQuery } from '../../graphql/query.ts';
import { Link } from '../../router/Link.tsx';
import { go, href } from '../../router/location.ts';
import { mspInView } from '../../session.ts';
import { type SetupStepsQuery, setupStepsQuery } from '../../setup/queries.graphql.ts';
import { SetupSteps } from '../../setup/SetupSteps.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed } from '../../ui/Problem.tsx';
import { toast } from '../../ui/Toasts.tsx';
import { words } from './words.ts';

/** The first step: the keys of an API member. Once connected it shows to what, and the way on. */
export default function Setup() {
  const setup = useQuery(setupStepsQuery, { msp: mspInView.value });
  return (
    <Page title={words.title}>
      <SetupSteps />
      <Loading from={setup}>
        {({ psaConnection }) =>
          psaConnection.status === 'NOT_CONNECTED' ? <Connect /> : <Connected connection={psaConnection} />
        }
      </Loading>
    </Page>
  );
}

function Connect() {
  const connect = useAct(connectMutation);
  return (
    <div class="stack">
      <p>{words.means}</p>
      {connect.failure.value && <Failed failure={connect.failure.value} />}
      <CredentialsForm
        saveLabel={formWords.save}
        save={async (credentials) => {
          const answer = await connect.run(credentials);
          if (answer?.__typename !== 'ConnectionChanged') return answer;
          toast(words.saved(answer.connection.companyName ?? ''));
          go(href('/setup/products'));
          return 'saved';
        }}
      />
      <details>
        <summary>{words.how}</summary>
        <ol class="numbered">
          {Object.values(words.steps).map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </details>
    </div>
  );
}

function Connected({ connection }: { connection: SetupStepsQuery['psaConnection'] }) {
  return (
    <section class="card stack" aria-label={words.connected}>
      <p class="row">
        <Badge tone="good">{words.connected}</Badge>
      </p>
      <dl class="pairs">
        <div>
          <dt>{words.site}</dt>
          <dd>{connection.siteUrl}</dd>
        </div>
        <div>
          <dt>{words.company}</dt>
          <dd>
            {connection.companyName} <span class="muted">{connection.companyId}</span>
          </dd>
        </div>
        <div>
          <dt>{words.key}</dt>
          <dd>{words.keyEnds(connection.keyHint ?? '')}</dd>
        </div>
        {connection.connectedAt && (
          <div>
            <dt>{words.since}</dt>
            <dd>
              <Instant at={connection.connectedAt} />
            </dd>
          </div>
        )}
      </dl>
      <p class="row">
        <Link class="button primary" to="/setup/products">
          {words.next}
        </Link>
        <Link class="button" to="/settings">
          {words.replace}
        </Link>
      </p>
    </section>
  );
}
