import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { cell } from './csv.ts';

test('cells are quoted where needed', () => {
  deepEqual(['plain', 'a,b', 'say "hi"', 'two\nlines', null, undefined, 7].map(cell), [
    'plain',
    '"a,b"',
    '"say ""hi"""',
    '"two\nlines"',
    '',
    '',
    '7',
  ]);
});

test('what a spreadsheet would take for a formula becomes text, numbers stay numbers', () => {
  deepEqual(['=1+1', '+1', '-1', '-1.5', '@x', '-cmd', '\t=1'].map(cell), [
    "'=1+1",
    "'+1",
    '-1',
    '-1.5',
    "'@x",
    "'-cmd",
    "'\t=1",
  ]);
});
