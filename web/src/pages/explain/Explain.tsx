import { useQuery } from '../../graphql/query.ts';
import { LineName, lineName } from '../../names/LineName.tsx';
import { useNames } from '../../names/names.ts';
import { ProofTable } from '../../proof/ProofTable.tsx';
import { here } from '../../router/location.ts';
import type { PageProps } from '../../router/routes.ts';
import { isMonth, monthOf } from '../../rules/months.ts';
import { proofOf } from '../../rules/proof.ts';
import { sumOf } from '../../rules/sums.ts';
import { asOf, mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Copy } from '../../ui/Copy.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Loading, Skeleton } from '../../ui/Loading.tsx';
import { MonthNav } from '../../ui/MonthNav.tsx';
import { Page } from '../../ui/Page.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { labels } from '../../words/labels.ts';
import './explain.css';
import { type ExplainQuery, explainQuery, serverTimeQuery } from './queries.graphql.ts';
import { Replay } from './Replay.tsx';
import { words } from './words.ts';

type Explained = ExplainQuery['explainQuantity'];
type Brings = Explained['organizations'][number];
const MOST_MOVES = 6;

export default function Explain({ params }: PageProps) {
  const line = { agreement: Number(params.agreement), product: Number(params.product) };
  const given = here.value.params.get('month');
  const at = asOf.value;
  const clock = useQuery(serverTimeQuery, isMonth(given) || at !== null ? null : {}, { isLive: false });
  const now = at ?? clock.data.value?.serverTime;
  const month = isMonth(given) ? given : now && monthOf(now);
  const asked = month === undefined ? null : { ...line, month, at, msp: mspInView.value };
  const loaded = useQuery(explainQuery, asked, { isLive: at === null });
  const names = useNames([line]);
  const data = loaded.data.value;
  // Of another line or month until the newer answer is there.
  const found = data?.explainQuantity;
  const isAsked = found?.month === month && found?.agreement === line.agreement && found.product === line.product;
  const product = names.product(line.product)?.identifier ?? lineName(line, names);
  return (
    <Page
      title={found && isAsked ? words.title(product, found.wanted, found.month) : words.loading(product)}
      beside={month && <MonthNav month={month} newest={monthOf(at ?? data?.serverTime ?? `${month}-01`)} />}
    >
      <p class="muted subtitle">
        <LineName line={line} names={names} />
      </p>
      {month === undefined ? (
        <Loading from={clock} lines={8}>
          {() => <Skeleton lines={8} />}
        </Loading>
      ) : (
        <Loading from={loaded} lines={8}>
          {({ explainQuantity }) =>
            isAsked ? <Answer explained={explainQuantity} month={month} line={line} /> : <Skeleton lines={8} />
          }
        </Loading>
      )}
    </Page>
  );
}

function Answer({
  explained,
  month,
  line,
}: {
  explained: Explained;
  month: string;
  line: { agreement: number; product: number };
}) {
  const parts = explained.organizations.map((one) => words.had(one.name, one.opening, movesOf(one, month)));
  const rule = words.rule(labels.rules[explained.rule], explained.minimum);
  return (
    <div class="stack">
      <section class="card answer">
        <p>{words.because(parts.length > 0 ? parts : [words.nobody], rule)}</p>
        <p class="row sum">
          <strong class="figure">{sumOf(explained, month)}</strong>
          {explained.isWaiting ? (
            <Badge tone="busy">{words.waiting}</Badge>
          ) : (
            <Badge tone={explained.isSumRight ? 'good' : 'bad'}>
              {explained.isSumRight ? words.sumRight : words.sumWrong}
            </Badge>
          )}
          <span class="spring" />
          <Copy text={location.href}>{words.copyLink}</Copy>
        </p>
      </section>
      {!explained.isSumRight && !explained.isWaiting && (
        <Problem trouble={{ what: words.sumWrong, means: words.sumWrongMeans, cure: '' }} />
      )}
      <section class="stack">
        <h2>{words.proof}</h2>
        <ProofTable
          label={words.proof}
          name={`why-${line.agreement}-${line.product}-${month}`}
          rows={proofOf(month, explained.organizations, explained.pushes)}
        />
        <details>
          <summary>{words.checks(explained.checks.length)}</summary>
          <ul class="checks">
            {explained.checks.map((check) => (
              <li key={check.name}>
                <Icon name={check.isRight ? 'check' : 'cross'} />
                {(check.isRight ? words.check : words.wrongCheck)(check.name, check.expected, check.actual)}
              </li>
            ))}
          </ul>
        </details>
      </section>
      {asOf.value === null && <Replay month={month} line={line} />}
    </div>
  );
}

function movesOf(one: Brings, month: string): readonly string[] {
  const moved = proofOf(month, [one], []).flatMap((row) => (row.kind === 'change' && row.delta !== 0 ? [row] : []));
  const shown = moved.slice(0, MOST_MOVES).map((row) => words.move(row.delta, row.at));
  return moved.length > MOST_MOVES ? [...shown, words.more(moved.length - MOST_MOVES)] : shown;
}
