import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { siteOf } from './site.ts';

const CASES = [
  ['https://na.myconnectwise.net', 'https://na.myconnectwise.net'],
  ['  https://na.myconnectwise.net/v4_6_release/ConnectWise.aspx?locale=en_US#x ', 'https://na.myconnectwise.net'],
  ['na.myconnectwise.net', 'https://na.myconnectwise.net'],
  ['http://127.0.0.1:8090', 'http://127.0.0.1:8090'],
  ['HTTPS://NA.MyConnectWise.net/', 'https://na.myconnectwise.net'],
  ['https://user:secret@na.myconnectwise.net', 'https://na.myconnectwise.net'],
  ['', ''],
  ['not an address', 'not an address'],
  ['foo bar', 'foo bar'],
] as const;

for (const [pasted, kept] of CASES) {
  test(`"${pasted}" is kept as "${kept}"`, () => equal(siteOf(pasted), kept));
}
