import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { asked, type Draft, isComplete } from './mapping_drafts.ts';

const WHERE = { company: 5, companyName: 'Globex', agreement: 9 };
const WHO = { id: 'globex', name: 'Globex' };
const MAP: Draft = { kind: 'map', who: WHO, where: WHERE, isMove: false };

test('a mapping is complete with an organization, a company and an agreement', () => {
  const drafts: Draft[] = [
    MAP,
    { ...MAP, who: null },
    { ...MAP, where: null },
    { ...MAP, where: { ...WHERE, agreement: null } },
    { kind: 'unmap', organization: 'globex', name: 'Globex' },
  ];
  deepEqual(drafts.map(isComplete), [true, false, false, false, true]);
});

test('what is asked for keeps the order of the drafts and leaves incomplete ones out', () => {
  const drafts: Record<string, Draft> = {
    a: MAP,
    b: { ...MAP, where: null },
    c: { kind: 'unmap', organization: 'initech', name: 'Initech' },
    d: { ...MAP, who: { create: { name: 'New', plan: 'core', licenseType: 'PAID' } }, isMove: true },
  };
  deepEqual(asked(drafts, 'ZERO', 'UNTOUCHED'), {
    maps: [
      { key: 'a', item: { company: 5, agreement: 9, move: false, leftBehind: 'ZERO', organization: 'globex' } },
      {
        key: 'd',
        item: {
          company: 5,
          agreement: 9,
          move: true,
          leftBehind: 'ZERO',
          create: { name: 'New', plan: 'core', licenseType: 'PAID' },
        },
      },
    ],
    unmaps: [{ key: 'c', item: { organization: 'initech', leftBehind: 'UNTOUCHED' } }],
  });
});
