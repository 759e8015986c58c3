import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder, isMinimum, mapDraft, ruleDraft } from './product_drafts.ts';

const ITEM = { plan: 'core', component: 'LICENSE' } as const;
const CORE = { product: 7, identifier: 'CORE', description: 'Core' };
const NOW = { ...ITEM, ...CORE, rule: 'CURRENT', minimum: 3 } as const;

test('choosing what is mapped already is no change', () => equal(mapDraft(ITEM, CORE, NOW), undefined));
test('choosing nothing where nothing is mapped is no change', () => equal(mapDraft(ITEM, null, undefined), undefined));
test('taking a product away is a change', () =>
  deepEqual(mapDraft(ITEM, null, NOW), { kind: 'map', item: ITEM, chosen: null }));
test('the rule that stands is no change', () => equal(ruleDraft(CORE, 'CURRENT', ' 3 ', NOW), undefined));
test('an empty minimum is 0', () =>
  deepEqual(ruleDraft(CORE, 'CURRENT', '', NOW), {
    kind: 'rule',
    product: 7,
    identifier: 'CORE',
    rule: 'CURRENT',
    minimum: '0',
  }));
test('a product that is new begins with the usual rule', () =>
  equal(ruleDraft(CORE, 'CURRENT', '0', undefined), undefined));
test('products are mapped before their rules are set', () => {
  const map = { kind: 'map', item: ITEM, chosen: CORE } as const;
  const rule = { kind: 'rule', product: 7, identifier: 'CORE', rule: 'PEAK', minimum: '0' } as const;
  deepEqual(inOrder([rule, map]), [map, rule]);
});
test('a minimum is a whole number that is not below zero', () => {
  deepEqual(['0', '12', '', '-1', '1.5', 'x'].map(isMinimum), [true, true, false, false, false, false]);
});
