import type { Names } from '../names/names.ts';
import { change, inUtc, month, quantity } from '../words/format.ts';
import { tell } from '../words/tell.ts';

/** A fact as the history shows it; names of organizations are looked up by who lists them. */
export type Told = {
  readonly factType: string;
  readonly payload: unknown;
  readonly organization: string | null;
  readonly agreement: number | null;
  readonly product: number | null;
  readonly run: string | null;
  /** How people call the line in ConnectWise that it is about, where that is known. */
  readonly line?: string | undefined;
};

type Payload = Readonly<Record<string, never>>;

const COMPONENTS: Readonly<Record<string, string>> = tell({ LICENSE: 'licences', SERVER: 'servers' });

const RUN_KINDS: Readonly<Record<string, string>> = tell({
  PREVIEW: 'a preview',
  OVERWRITE: 'Sync now',
  FINAL: 'the finals of a month',
  UNDO: 'an undo',
  IMPORT: 'an import',
});

const component = (name: string) => COMPONENTS[name] ?? name;
const line = (fact: Told) => fact.line ?? `agreement ${fact.agreement}, product ${fact.product}`;
const item = (payload: Payload) => {
  const { plan, component: one } = payload.item ?? { plan: '', component: '' };
  return `${plan} ${component(one)}`;
};

/** What happened, in one sentence without a subject who did it: "Globex licences +2, now 17". */
const sentences: Readonly<Record<string, (fact: Told, payload: Payload, name: string) => string>> = tell({
  'connection.connected': (_, p) => `connected ${p.company_name}`,
  'connection.credentials-updated': (_, p) => `replaced the keys, the new public key ends in …${p.key_hint}`,
  'connection.product-created': (_, p) => `created the product ${p.identifier} in ConnectWise`,
  'connection.product-mapped': (_, p) => `mapped ${item(p)} to ${p.identifier}`,
  'connection.product-unmapped': (_, p) => `unmapped ${item(p)}`,
  'connection.product-rule-set': (_, p) => `set the rule of product ${p.product} to ${String(p.rule).toLowerCase()}`,
  'connection.product-mapping-confirmed': () => 'confirmed the product mapping',
  'connection.companies-imported': (_, p) => `imported ${quantity(p.companies ?? 0)} companies`,
  'connection.settings-changed': () => 'changed the settings',
  'connection.attention-raised': (_, p) => `needs attention: ${String(p.reason).toLowerCase().replaceAll('_', ' ')}`,
  'connection.attention-cleared': () => 'needs no attention any more',
  'connection.paused': () => 'paused syncing',
  'connection.resumed': () => 'resumed syncing',
  'connection.disconnected': () => 'disconnected ConnectWise',
  'organization.organization-created': (_, p) => `registered ${p.name}`,
  'organization.organization-renamed': (_, p) => `renamed it to ${p.name}`,
  'organization.management-changed': (_, p, name) =>
    `${name} is now managed by ${p.management === 'SELF' ? 'itself' : 'the MSP'}`,
  'organization.plan-changed': (_, p, name) => `${name} now has the plan ${p.plan}`,
  'organization.license-type-changed': (_, p, name) => `${name} is now ${p.license_type}`,
  'organization.licenses-changed': (_, p, name) =>
    `${name} ${component(p.component ?? '')} ${change(p.delta ?? 0)}, now ${quantity(p.quantity ?? 0)}`,
  'organization.organization-closed': (_, p, name) => `${name} closed at ${inUtc(p.effective_at ?? '')}`,
  'organization.month-closed': (_, p, name) => `${month(p.month ?? '')} closed for ${name}`,
  'organization.usage-corrected': (_, p, name) => `${month(p.month ?? '')} corrected for ${name}`,
  'company-mapping.company-mapped': (_, p) => `mapped ${p.organization_name} to ${p.company_name}, ${p.agreement_name}`,
  'company-mapping.company-unmapped': (_, __, name) => `unmapped ${name}`,
  'company-mapping.organization-excluded': (_, p, name) => `excluded ${name}: ${p.reason}`,
  'company-mapping.organization-included': (_, __, name) => `included ${name} again`,
  'addition.addition-adopted': (fact) => `took over the running addition on ${line(fact)}`,
  'addition.addition-created': (fact) => `created an addition on ${line(fact)}`,
  'addition.push-started': (fact, p) => `began to write ${quantity(p.target ?? 0)} to ${line(fact)}`,
  'addition.usage-pushed': (fact, p) =>
    p.written === false
      ? `found ${quantity(p.after ?? 0)} on ${line(fact)}, as wanted`
      : `wrote ${quantity(p.after ?? 0)} to ${line(fact)}, verified`,
  'addition.push-failed': (fact, p) => `could not write to ${line(fact)}: ${p.detail}`,
  'addition.push-outcome-unknown': (fact) => `does not know what became of a write to ${line(fact)}`,
  'addition.push-held': (fact, p) => `held ${quantity(p.target ?? 0)} for ${line(fact)}`,
  'addition.push-approved': (fact, p) => `answered the held push on ${line(fact)}: ${String(p.answer).toLowerCase()}`,
  'addition.push-refused': (fact, p) => `did not write to ${line(fact)}: ${p.detail}`,
  'addition.retry-requested': (fact) => `asked to try ${line(fact)} again`,
  'addition.proration-confirmed': (fact) => `confirmed the average on the prorating ${line(fact)}`,
  'addition.drift-detected': (fact, p) =>
    `found ${quantity(p.found ?? 0)} on ${line(fact)} instead of ${quantity(p.wrote ?? 0)}`,
  'addition.addition-lost': (fact) => `found the addition on ${line(fact)} gone`,
  'addition.trouble-seen': (fact, p) => `saw trouble on ${line(fact)}: ${p.detail}`,
  'addition.trouble-gone': (fact) => `saw that the trouble on ${line(fact)} is gone`,
  'run.run-requested': (_, p) => `asked for ${RUN_KINDS[p.kind ?? ''] ?? p.kind}`,
  'run.run-planned': (_, p) => `planned a run of ${quantity((p.lines ?? []).length)} lines`,
  'run.run-cancelled': () => 'cancelled a run',
  'run.run-finished': () => 'finished a run',
});

export const factTypes: readonly string[] = Object.keys(sentences);

/** With names for its ids. A fact of a type that has no sentence yet shows its stored name. */
export function sentenceOf(fact: Told, names: Names): string {
  const say = sentences[fact.factType];
  if (say === undefined) return fact.factType;
  const agreement = names.agreement(fact.agreement);
  const product = names.product(fact.product)?.identifier ?? fact.product;
  const line = agreement ? `${agreement.companyName} ${agreement.name} · ${product}` : undefined;
  return say(
    { ...fact, line },
    fact.payload as Payload,
    names.organization(fact.organization) ?? fact.organization ?? '',
  );
}
