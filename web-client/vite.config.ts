// Builds the pages into dist/, which the server embeds: `index.html` for desks and teachers (React),
// `classroom.html` for classroom screens (no framework), `example/index.html` the smallest player.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** As the server's front/pages.rs. */
const DESK =
  /^\/(teach|setup|lessons|county|timetable(\/terms)?|ledger|today|sign-in|accounts|devices|(library|plans)(\/[\w-]+)?)$/;

const server = process.env.TONGTANG_URL ?? 'http://127.0.0.1:8080';

/** Puts Swagger UI's files beside our own docs page, so that /api/docs works without the internet. */
function apiDocs(): Plugin {
  const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  return {
    name: 'api-docs',
    apply: 'build',
    closeBundle() {
      const to = resolve(import.meta.dirname, 'dist/docs');
      mkdirSync(to, { recursive: true });
      cpSync(`${from}/swagger-ui.css`, `${to}/swagger-ui.css`);
      cpSync(`${from}/LICENSE`, `${to}/LICENSE`);
      const bundle = readFileSync(`${from}/swagger-ui-bundle.js`, 'utf8');
      writeFileSync(`${to}/swagger-ui-bundle.js`, bundle.replace(/\n\/\/# sourceMappingURL=.*$/m, ''));
    },
  };
}

/** In development the server's own page addresses lead to the entries, as the front door does it. */
function pageAddresses(): Plugin {
  return {
    name: 'page-addresses',
    configureServer(dev) {
      dev.middlewares.use((request, _response, next) => {
        const path = request.url?.split('?')[0] ?? '/';
        if (path === '/classroom') request.url = '/classroom.html';
        else if (DESK.test(path)) request.url = '/index.html';
        next();
      });
    },
  };
}

const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, 'package.json'), 'utf8'));

export default defineConfig({
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [react(), pageAddresses(), apiDocs()],
  build: {
    // Classroom panels keep their browser for years.
    target: ['chrome100', 'firefox102', 'safari15.4'],
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: {
        index: resolve(import.meta.dirname, 'index.html'),
        classroom: resolve(import.meta.dirname, 'classroom.html'),
        example: resolve(import.meta.dirname, 'example/index.html'),
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '/whip': server,
      '/whep': server,
      '/media': server,
    },
  },
  test: { include: ['src/**/*.test.ts', 'dev/**/*.test.ts'], setupFiles: ['dev/chinese_page.ts'] },
});
