import assert from 'node:assert/strict';
import test from 'node:test';
import { lineOf, placing, scaleOf, stepsOf, valueAt } from './chart.ts';

const MONTH = '2026-11';
const at = (day: number) => `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`;

test('steps begin with the month and leave out what changes nothing', () => {
  const steps = stepsOf(MONTH, 12, [
    { effectiveAt: at(5), totalAfter: 15 },
    { effectiveAt: at(9), totalAfter: 15 },
    { effectiveAt: at(12), totalAfter: 17 },
  ]);
  assert.deepEqual(
    steps.map((step) => step.value),
    [12, 15, 17],
  );
  assert.equal(valueAt(steps, Date.parse(at(11))), 15);
});

test('of several changes at one instant only the last one counts', () => {
  const steps = stepsOf(MONTH, 0, [
    { effectiveAt: at(1), totalAfter: 3 },
    { effectiveAt: at(1), totalAfter: 4 },
    { effectiveAt: at(2), totalAfter: 9 },
    { effectiveAt: at(2), totalAfter: 4 },
  ]);
  assert.deepEqual(
    steps.map((step) => step.value),
    [4],
  );
});

test('the scale ends at a round number that holds everything', () => {
  assert.deepEqual(scaleOf(17), { top: 20, ticks: [0, 5, 10, 15, 20] });
  assert.deepEqual(scaleOf(0), { top: 1, ticks: [0, 1] });
  assert.deepEqual(scaleOf(3), { top: 3, ticks: [0, 1, 2, 3] });
  assert.equal(scaleOf(1234).top, 1500);
});

test('the line goes level and straight up, within its frame', () => {
  const frame = { width: 300, height: 100, left: 0, right: 0, top: 0, bottom: 0 };
  const steps = stepsOf(MONTH, 10, [{ effectiveAt: at(16), totalAfter: 20 }]);
  assert.equal(lineOf(steps, Date.parse(at(28)), placing(MONTH, 20, frame)), 'M0 50H150V0H270');
  assert.equal(lineOf(steps, Date.parse(at(4)), placing(MONTH, 20, frame)), 'M0 50H30');
});
