import assert from 'node:assert/strict';
import test from 'node:test';
import { sumOf } from './sums.ts';

const change = (day: number, totalAfter: number) => ({
  effectiveAt: `2026-11-0${day}T00:00:00Z`,
  recordedAt: `2026-11-0${day}T00:00:00Z`,
  isLate: false,
  entryId: `e${day}`,
  changeId: `c${day}`,
  subject: 'platform',
  fact: 'organization.licenses-changed',
  totalAfter,
});
const globex = {
  organization: 'a',
  name: 'Globex',
  opening: 12,
  changes: [change(5, 15), change(7, 14)],
  quantity: '14.00',
  closed: null,
};
const initech = { ...globex, organization: 'b', name: 'Initech', quantity: '2.50' };

test('one organization in force is its start and its changes', () => {
  const explained = { rule: 'CURRENT', minimum: 0, wanted: '14.00', organizations: [globex] };
  assert.equal(sumOf(explained, '2026-11'), '12 + 3 − 1 = 14');
});

test('several organizations are added up', () => {
  const explained = { rule: 'AVERAGE', minimum: 0, wanted: '16.50', organizations: [globex, initech] };
  assert.equal(sumOf(explained, '2026-11'), 'Globex 14 + Initech 2.50 = 16.50');
});

test('what changes do not add up to is not shown as their sum', () => {
  const explained = {
    rule: 'CURRENT',
    minimum: 20,
    wanted: '20.00',
    organizations: [{ ...globex, quantity: '20.00' }],
  };
  assert.equal(sumOf(explained, '2026-11'), 'Globex 20 = 20');
});
