export type Item = { readonly plan: string; readonly component: 'LICENSE' | 'SERVER' };
export type Rule = 'CURRENT' | 'PEAK' | 'AVERAGE';
export type Chosen = { readonly product: number; readonly identifier: string; readonly description: string };

/** A change that is not carried out: another product for an item (null: none), or another rule of a product. */
export type Draft =
  | { readonly kind: 'map'; readonly item: Item; readonly chosen: Chosen | null }
  | {
      readonly kind: 'rule';
      readonly product: number;
      readonly identifier: string;
      readonly rule: Rule;
      readonly minimum: string;
    };

export type Mapping = Item & Chosen & { readonly rule: Rule; readonly minimum: number };

export const itemKey = ({ plan, component }: Item): string => `map ${plan} ${component}`;
export const ruleKey = (product: number): string => `rule ${product}`;

/** The draft for a choice; none when it is what stands already. */
export function mapDraft(item: Item, chosen: Chosen | null, now: Mapping | undefined): Draft | undefined {
  return (now?.product ?? null) === (chosen?.product ?? null) ? undefined : { kind: 'map', item, chosen };
}

/** The draft for a rule and minimum; none when they are what stands already. An empty minimum is 0. */
export function ruleDraft(
  chosen: Chosen,
  rule: Rule,
  minimum: string,
  now: { rule: Rule; minimum: number } | undefined,
): Draft | undefined {
  const wanted = minimum.trim() === '' ? '0' : minimum.trim();
  const before = now ?? { rule: 'CURRENT', minimum: 0 };
  if (before.rule === rule && String(before.minimum) === wanted) return undefined;
  return { kind: 'rule', product: chosen.product, identifier: chosen.identifier, rule, minimum: wanted };
}

/** Mappings go first: a rule can only be set of a product that is mapped. */
export function inOrder(drafts: readonly Draft[]): readonly Draft[] {
  return [...drafts].sort((one, other) => one.kind.localeCompare(other.kind));
}

export const isMinimum = (text: string): boolean => /^\d{1,9}$/.test(text.trim());
