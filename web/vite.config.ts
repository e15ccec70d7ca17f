import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const out = '../.build/pages';

/** The program gives out what was compressed here, and holds nothing else. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || /\.(br|gz)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const content = readFileSync(path);
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        rmSync(path);
      }
    },
  };
}

/** Pages differ in their script and their name alone, so they are made of one file. */
const PAGES: Record<string, string> = { handin: 'Muster', cluster: 'Muster cluster', runs: 'Muster runs' };

function pages(): Plugin {
  const name = (id: string) => /([a-z]+)\.html$/.exec(id)?.[1] ?? '';
  return {
    name: 'pages',
    resolveId: (id) => (PAGES[name(id)] ? join(import.meta.dirname, `${name(id)}.html`) : null),
    load: (id) =>
      PAGES[name(id)]
        ? readFileSync('page.html', 'utf8').replace('{title}', PAGES[name(id)]!).replace('{name}', name(id))
        : null,
  };
}

export default defineConfig({
  base: './',
  plugins: [pages(), compressed()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: out,
    emptyOutDir: true,
    assetsDir: 'app',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rollupOptions: { input: Object.keys(PAGES).map((name) => `${name}.html`) },
  },
});
