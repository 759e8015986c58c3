import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { curlOf, quoted } from './curl.ts';
import { withoutSecrets } from './secrets.ts';

test('a quote within a text ends the quoted word and begins it again', () => {
  equal(quoted("it's"), `'it'\\''s'`);
});

test('a secret is not shown', () => {
  equal(
    JSON.stringify(
      withoutSecrets({ input: { siteUrl: 'https://x', privateKey: 'hush', items: [{ privateKey: 'hush' }] } }),
    ),
    '{"input":{"siteUrl":"https://x","privateKey":"","items":[{"privateKey":""}]}}',
  );
});

test('a line names the place, the token by its variable, and the whole request', () => {
  equal(
    curlOf('http://127.0.0.1:8080', { name: 'Viewer', text: 'query Viewer {\n  viewer { role }\n}', variables: {} }),
    `curl -s 'http://127.0.0.1:8080/graphql' -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" ` +
      `-d '{"query":"query Viewer { viewer { role } }","variables":{},"operationName":"Viewer"}'`,
  );
});

test('a subscription asks for a stream', () => {
  const line = curlOf('http://a', { name: 'Facts', text: 'subscription Facts { facts { cursor } }', variables: {} });
  equal(line.includes('-H "Accept: text/event-stream"'), true);
});
