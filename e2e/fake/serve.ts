/** The page on the scripted engine: built once, and served as the real one is, headers and all. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { serve } from '../../src/cli/staticServer.mjs';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const outDir = path('../../.cache/fake-page');

export async function buildFakePage(): Promise<void> {
  await build({
    configFile: false,
    root: path('.'),
    base: './',
    publicDir: false,
    logLevel: 'error',
    plugins: [svelte()],
    build: { outDir, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
  });
}

export function serveFakePage(): Promise<{ url: string; close: () => Promise<void> }> {
  return serve({
    root: outDir,
    mounts: {
      '/models/catalogue.json': path('../../public/models/catalogue.json'),
      '/samples/': path('../../public/samples'),
      '/models/fake/card.json': path('card.json'),
    },
  });
}
