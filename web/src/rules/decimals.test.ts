import assert from 'node:assert/strict';
import test from 'node:test';
import { minus, plus } from './decimals.ts';

test('decimals are added exactly, without zeros that say nothing', () => {
  assert.equal(plus('0.1', '0.20'), '0.3');
  assert.equal(plus('-6.00', '6'), '0');
  assert.equal(plus('9007199254740993', '0.01'), '9007199254740993.01');
});

test('a difference may be below zero', () => {
  assert.equal(minus('17.00', '18'), '-1');
  assert.equal(minus('0', '-0.05'), '0.05');
  assert.equal(minus('0.05', '0.1'), '-0.05');
});

test('what is no decimal is a bug and told as one', () => {
  assert.throws(() => plus('1e3', '0'), /not a decimal/);
});
