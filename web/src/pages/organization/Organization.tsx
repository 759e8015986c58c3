import { useQuery } from '../../graphql/query.ts';
import { lineName, Why } from '../../names/LineName.tsx';
import { useNames } from '../../names/names.ts';
import { usePlans } from '../../names/plans.ts';
import { ProofTable } from '../../proof/ProofTable.tsx';
import { Link } from '../../router/Link.tsx';
import { here } from '../../router/location.ts';
import type { PageProps } from '../../router/routes.ts';
import { type Step, stepsOf } from '../../rules/chart.ts';
import { isMonth, monthOf } from '../../rules/months.ts';
import { proofOf } from '../../rules/proof.ts';
import { asOf, isPlatform, mayAct, mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Loading, Skeleton } from '../../ui/Loading.tsx';
import { MonthNav } from '../../ui/MonthNav.tsx';
import { Page } from '../../ui/Page.tsx';
import { Quantity } from '../../ui/Quantity.tsx';
import { StepChart } from '../../ui/StepChart.tsx';
import { labels, usageTones } from '../../words/labels.ts';
import './organization.css';
import { linePushesQuery, type OrganizationUsageQuery, organizationUsageQuery } from './queries.graphql.ts';
import { Then } from './Then.tsx';
import { words } from './words.ts';

type Usage = OrganizationUsageQuery['usage']['nodes'][number];
type Line = Usage['lines'][number];
type Known = NonNullable<OrganizationUsageQuery['organization']>;

export default function Organization({ params }: PageProps) {
  const id = params.id ?? '';
  return asOf.value === null ? <Now id={id} /> : <Then id={id} at={asOf.value} />;
}

function Now({ id }: { id: string }) {
  const given = here.value.params.get('month');
  const asked = isMonth(given) ? given : null;
  const loaded = useQuery(organizationUsageQuery, { id, month: asked, msp: mspInView.value });
  const data = loaded.data.value;
  const now = data?.serverTime;
  const month = asked ?? (now === undefined ? null : monthOf(now));
  const known = data?.organization;
  const isUnknown = data !== undefined && known === null;
  // Of another month or organization until the newer answer is there.
  const usage = data?.usage.nodes[0];
  const isAsked = usage === undefined || (usage.month === month && known?.id === id);
  return (
    <Page
      title={isUnknown ? words.unknown : (known?.name ?? id)}
      beside={known && month !== null && now !== undefined && <MonthNav month={month} newest={monthOf(now)} />}
    >
      <Loading from={loaded} lines={8}>
        {() =>
          known && month !== null && now !== undefined ? (
            isAsked ? (
              <Shown known={known} usage={usage} month={month} now={now} />
            ) : (
              <Skeleton lines={8} />
            )
          ) : (
            <Empty title={words.unknownMeans}>
              <Link class="button" to="/organizations">
                {words.toList}
              </Link>
            </Empty>
          )
        }
      </Loading>
    </Page>
  );
}

function Shown({ known, usage, month, now }: { known: Known; usage: Usage | undefined; month: string; now: string }) {
  const lines = usage?.lines ?? [];
  const plan = usePlans();
  return (
    <div class="stack">
      <p class="row">
        <span class="muted">
          {known.id} · {plan(known.plan)} · {labels.licenseTypes[known.licenseType]}
        </span>
        {known.isClosed && <Badge tone="calm">{words.closed}</Badge>}
        <Billing known={known} />
        <span class="spring" />
        {!isPlatform.value && (
          <Link to="/history" params={{ organization: known.id }}>
            {words.history}
          </Link>
        )}
      </p>
      {lines.length === 0 && <Empty title={words.nothing} means={words.nothingMeans} />}
      {lines.map((line) => (
        <LineCard
          key={`${line.product} ${line.items.map((item) => item.plan + item.component).join()}`}
          line={line}
          known={known}
          month={month}
          now={now}
        />
      ))}
    </div>
  );
}

function Billing({ known }: { known: Known }) {
  const { mapping } = known;
  if (known.management === 'SELF') return <span>{words.selfManaged}</span>;
  if (mapping?.excludedBecause) return <span>{words.excluded(mapping.excludedBecause)}</span>;
  if (mapping?.agreementName) return <span>{words.mappedTo(mapping.companyName ?? '', mapping.agreementName)}</span>;
  return (
    <>
      <Badge tone="warn">{words.unmapped}</Badge>
      {mayAct.value && (
        <Link class="button" to="/companies" params={{ search: known.name }}>
          {words.map}
        </Link>
      )}
    </>
  );
}

function componentsOf(line: Line): string {
  return [...new Set(line.items.map((item) => labels.components[item.component]))].join(' + ');
}

function LineCard({ line, known, month, now }: { line: Line; known: Known; month: string; now: string }) {
  const { addition, product } = line;
  const place = addition && product !== null ? { agreement: addition.agreement, product } : null;
  const names = useNames(place ? [place] : []);
  const pushed = useQuery(
    linePushesQuery,
    place === null || isPlatform.value ? null : { ...place, month, msp: mspInView.value },
  ).data.value?.explainQuantity;
  const pushes = pushed?.pushes ?? [];
  const others = (pushed?.organizations.length ?? 1) - 1;
  const title = componentsOf(line);
  const steps = stepsOf(month, line.opening, line.changes);
  const brings = [{ organization: known.id, name: known.name, opening: line.opening, changes: line.changes }];
  const verified = pushes.flatMap((one) => (one.answer?.after ? [one.answer.recordedAt] : []));
  return (
    <section class="card usage" aria-label={title}>
      <div class="row">
        <h2>{title}</h2>
        <Badge tone={usageTones[line.state]}>{labels.usage[line.state]}</Badge>
        {place && <span class="muted">{lineName(place, names)}</span>}
        <span class="spring" />
        {place && !isPlatform.value && pushed && (
          <Why line={place} month={month} count={pushed.wanted} name={lineName(place, names)} />
        )}
      </div>
      <Figures line={line} others={others} />
      {steps.some((step) => step.value > 0) && (
        <StepChart
          name={words.chart(title, month, sentences(steps), verified.length)}
          month={month}
          steps={steps}
          pushes={verified}
          now={now}
        />
      )}
      <details>
        <summary>{words.show}</summary>
        <ProofTable
          label={words.table(title)}
          name={`usage-${known.id}-${month}`}
          rows={proofOf(month, brings, pushes)}
        />
      </details>
    </section>
  );
}

const sentences = (steps: readonly Step[]) =>
  steps.map((step) => words.from(step.value, new Date(step.at).toISOString()));

function Figures({ line, others }: { line: Line; others: number }) {
  const { addition } = line;
  return (
    <dl class="figures">
      <div>
        <dt>{words.inForce}</dt>
        <dd class="figure">
          <Quantity value={line.inForce} />
        </dd>
      </div>
      <div>
        <dt>{line.closed === null ? words.willClose : words.closedWith}</dt>
        <dd class="figure">
          <Quantity value={line.closed ?? line.wanted} />
        </dd>
      </div>
      {line.rule === 'AVERAGE' && (
        <div>
          <dt>{words.toDate}</dt>
          <dd class="figure">
            <Quantity value={line.monthToDate} />
          </dd>
        </div>
      )}
      {addition && (
        <div>
          <dt>{words.holds}</dt>
          <dd class="figure">
            <Quantity value={addition.found ?? addition.wrote} />
            <span class="note">
              {[addition.settledAt && words.verifiedAt(addition.settledAt), others > 0 && words.together(others)]
                .filter(Boolean)
                .join(', ')}
            </span>
          </dd>
        </div>
      )}
      <div>
        <dt>{words.rule}</dt>
        <dd>{words.ruleOf(labels.rules[line.rule], line.minimum)}</dd>
      </div>
    </dl>
  );
}
