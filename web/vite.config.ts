import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** A compressed neighbour for each asset, made when the files are final. */
const compressed: Plugin = {
  name: 'compressed-neighbours',
  writeBundle({ dir }) {
    if (dir === undefined) throw new Error('the build has no directory');
    const assets = join(dir, 'assets');
    for (const name of readdirSync(assets)) {
      writeFileSync(join(assets, `${name}.br`), brotliCompressSync(readFileSync(join(assets, name))));
    }
  },
};

export default defineConfig({
  plugins: [compressed],
  build: {
    outDir: '../api/panel_files',
    emptyOutDir: true,
    target: 'es2024',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
    // Small parts that most pages use are one file: each for itself would weigh more than what is in it.
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [{ name: 'parts', test: /src[\\/]ui[\\/](Badge|SaveBar|Table)\.tsx$/ }],
        },
      },
    },
  },
  server: { proxy: { '/graphql': process.env.PSA_LEDGER_API ?? 'http://127.0.0.1:8080' } },
});
