import assert from 'node:assert/strict';
import test from 'node:test';
import { beginOf, endOf, isMonth, monthOf, shifted } from './months.ts';

test('a month follows another over the turn of a year', () => {
  assert.equal(shifted('2026-12', 1), '2027-01');
  assert.equal(shifted('2026-01', -1), '2025-12');
});

test('a month is half open in UTC, whatever the zone of an instant', () => {
  assert.equal(beginOf('2026-11'), '2026-11-01T00:00:00.000Z');
  assert.equal(endOf('2026-11'), '2026-12-01T00:00:00.000Z');
  assert.equal(monthOf('2026-12-01T01:30:00+02:00'), '2026-11');
});

test('what is no month is told apart', () => {
  assert.deepEqual(
    ['2026-11', '2026-13', '2026', null].map((one) => isMonth(one)),
    [true, false, false, false],
  );
});
