// What a browser would load from elsewhere: nothing. Schools run this without the internet, and pupils are not to be traced.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { expect, it } from 'vitest';

const dist = join(import.meta.dirname, '../dist');

/** Addresses that are only words: names of formats, and sentences for programmers inside libraries. Nobody loads them. */
const ONLY_WORDS = [
  /^http:\/\/www\.w3\.org\//,
  /^https:\/\/react\.dev\//,
  // A kind of event in a media file, by its name.
  /^https:\/\/aomedia\.org\/emsg\/ID3$/,
];

function filesOf(extension: string): [string, string][] {
  expect(existsSync(dist), 'dist/ is what is looked at: run npm run build first').toBe(true);
  return (readdirSync(dist, { recursive: true }) as string[])
    .filter((name) => extname(name) === extension)
    .map((name) => [name, readFileSync(join(dist, name), 'utf8')]);
}

it('names no other machine in a page, a style or a script of ours', () => {
  const found: string[] = [];
  for (const extension of ['.html', '.css', '.js', '.svg']) {
    const files = filesOf(extension).filter(([name]) => !name.startsWith('docs/swagger-ui'));
    expect(files.length, extension).toBeGreaterThan(0);
    for (const [name, content] of files) {
      for (const [address] of content.matchAll(/\b(?:https?|wss?):\/\/[\w.-]+[^\s"'`)<>\\]*/g)) {
        if (!ONLY_WORDS.some((words) => words.test(address))) found.push(`${name}: ${address}`);
      }
    }
  }
  expect(found).toEqual([]);
});

it('loads the API pages’ scripts and styles from itself', () => {
  const [, page] = filesOf('.html').find(([name]) => name === 'docs/index.html') ?? ['', ''];
  const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
  expect(loaded.length).toBeGreaterThan(2);
  for (const address of loaded) expect(address).toMatch(/^\/(docs\/|icon\.svg)/);
  for (const [name, style] of filesOf('.css')) {
    for (const [, address = ''] of style.matchAll(/url\(\s*["']?([^"')]+)/g)) {
      expect(address, name).toMatch(/^(data:|\/|#)/);
    }
  }
});
