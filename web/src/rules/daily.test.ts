import assert from 'node:assert/strict';
import test from 'node:test';
import { above, dailyLineOf, extremesOf, lengthOf, levelsOf } from './daily.ts';

const days = (...levels: string[]) => levels.map((inForce, past) => ({ day: past + 1, inForce }));

test('the line by days holds each level until midnight, between the lowest and the highest', () => {
  assert.equal(dailyLineOf(days('10', '20', '15'), 40), 'M0 40H1V0H2V20H3');
});

test('a move that is small beside the whole looks small', () => {
  assert.equal(dailyLineOf(days('1000', '1001'), 40), 'M0 20.2H1V19.8H2');
});

test('a month in which nothing moves is a line in the middle', () => {
  assert.equal(dailyLineOf(days('0', '0'), 40), 'M0 20H1V20H2');
});

test('the lowest and the highest day are the first of their kind, however large', () => {
  const large = '9007199254740993';
  const found = extremesOf(levelsOf('2026-11', '0', days('9007199254740992', large, '7', '7', large)));
  assert.deepEqual(
    found?.map((one) => one.on),
    ['2026-11-03', '2026-11-02'],
  );
  assert.equal(extremesOf([]), null);
});

test('each day tells by how much it is above the one before, the first above the opening', () => {
  const moved = levelsOf('2026-11', '10', days('12', '12', '9')).map((one) => one.moved);
  assert.deepEqual(moved, ['2', '0', '-3']);
});

test('how far one level is above another is exact', () => {
  assert.equal(above('9007199254740993', '9007199254740992'), '1');
  assert.equal(above('3', '12'), '-9');
});

test('months have the length that they have', () => {
  assert.deepEqual(['2026-01', '2026-02', '2028-02', '2026-04', '2026-12'].map(lengthOf), [31, 28, 29, 30, 31]);
});
