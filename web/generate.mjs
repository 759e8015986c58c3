// Writes the types of the panel's operations: src/**/x.graphql -> src/**/x.graphql.ts, checked against the printed schema.
// One file per .graphql file, so that a page carries its own operations only. `--check` writes nothing and fails when a file is stale.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildSchema, parse, print, separateOperations } from 'graphql';

const source = readFileSync(new URL('../api/schema.graphql', import.meta.url), 'utf8');
const schema = buildSchema(source);
const scalars = Object.fromEntries(['ID', 'DateTime', 'Decimal', 'BillingMonth'].map((name) => [name, 'string']));
const config = {
  enumType: 'string-literal',
  skipTypename: true,
  scalars: { ...scalars, JSON: 'unknown' },
  strictScalars: true,
  avoidOptionals: { field: true },
};
const stale = [];

function keep(path, text) {
  const now = `// Printed by generate.mjs. Do not edit.\n${text.trimEnd()}\n`;
  let before = '';
  try {
    before = readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (now === before) return;
  stale.push(path);
  if (!process.argv.includes('--check')) writeFileSync(path, now);
}

const literals = (names) =>
  names
    .sort()
    .map((name) => `  | '${name}'`)
    .join('\n');
const refusals = schema.getPossibleTypes(schema.getType('Refusal')).map((type) => type.name);
const enums = ['Problem', 'AttentionReason', 'HoldReason'].map((name) => {
  const values = schema
    .getType(name)
    .getValues()
    .map((value) => value.name);
  return `export type ${name} =\n${literals(values)};`;
});
keep('src/graphql/names.ts', [`export type RefusalName =\n${literals(refusals)};`, ...enums].join('\n\n'));

// The text of each operation with the fragments that it uses, as a value that carries the types of its data and variables.
function texts(document) {
  return Object.entries(separateOperations(document)).map(([name, alone]) => {
    const { operation } = alone.definitions.find((one) => one.kind === 'OperationDefinition');
    const kind = operation[0].toUpperCase() + operation.slice(1);
    const value = `${name[0].toLowerCase()}${name.slice(1)}${kind}`;
    const types = `${name}${kind}, ${name}${kind}Variables`;
    return `export const ${value}: Operation<${types}> = operation('${name}', \`${print(alone)}\`);`;
  });
}

for (const location of globSync('src/**/*.graphql').sort()) {
  const document = parse(readFileSync(location, 'utf8'));
  const path = `${location}.ts`;
  const types = await codegen({
    filename: path,
    schema: parse(source),
    schemaAst: schema,
    documents: [{ location, document }],
    config,
    plugins: [{ operations: {} }],
    pluginMap: { operations },
  });
  const from = relative(dirname(path), 'src/graphql/operation.ts');
  const imported = `import { type Operation, operation } from '${from.startsWith('.') ? from : `./${from}`}';`;
  keep(path, [imported, types.trim(), ...texts(document)].join('\n\n'));
}
if (stale.length) {
  process.stdout.write(`${stale.join('\n')}\n`);
  if (process.argv.includes('--check')) {
    process.stderr.write('these printed files are stale: run `make panel-types`\n');
    process.exit(1);
  }
}
