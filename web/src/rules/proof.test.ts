import assert from 'node:assert/strict';
import test from 'node:test';
import { isHandEdited, isSame, type Push, proofOf } from './proof.ts';

const change = (day: number, totalAfter: number) => ({
  effectiveAt: `2026-11-0${day}T00:00:00Z`,
  recordedAt: `2026-11-0${day}T00:00:01Z`,
  isLate: false,
  entryId: `e${day}`,
  changeId: `c${day}`,
  subject: 'platform',
  fact: 'organization.licenses-changed',
  totalAfter,
});

const push: Push = {
  push: 'p',
  kind: 'INCREMENTAL',
  entryId: 'e',
  startedAt: '2026-11-05T00:00:00Z',
  subject: 'worker',
  run: null,
  wrote: null,
  found: null,
  target: '17',
  answer: null,
};

test('rows are in the order of time, with the running sum of all organizations', () => {
  const brings = [
    { organization: 'a', name: 'Globex', opening: 12, changes: [change(5, 15)] },
    { organization: 'b', name: 'Initech', opening: 5, changes: [change(3, 2)] },
  ];

  const rows = proofOf('2026-11', brings, [push]);

  assert.deepEqual(
    rows.map((row) => [row.kind, row.total, row.kind === 'change' ? row.delta : null]),
    [
      ['opening', 12, null],
      ['opening', 17, null],
      ['change', 14, -3],
      ['change', 17, 3],
      ['push', 17, null],
    ],
  );
});

test('decimals are compared as what they say, not as how they are written', () => {
  assert.equal(isSame('17', '17.00'), true);
  assert.equal(isSame('100', '1'), false);
  assert.equal(isHandEdited('16.00', '18'), true);
  assert.equal(isHandEdited(null, '18'), false);
});
