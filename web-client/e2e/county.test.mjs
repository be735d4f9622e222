// A scheduler's morning in a real browser, from an empty server on: the county comes from a spreadsheet, a term is planned and
// published, a lesson is moved by the keys and the move taken back, another is called off, and the ledger tells of it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { BIN, Stack } from './stack.mjs';

const CHROMIUM = process.env.TONGTANG_CHROMIUM ?? '/usr/bin/chromium';
const REASON = '停电检修';

let stack;
let browser;
let page;

/** The made-up county of another server, as the workbook that its page would save. */
async function workbookOf(elsewhere, file) {
  const { stdout } = await promisify(execFile)(join(BIN, 'tongtang'), ['demo', '--config', elsewhere.config]);
  assert.match(stdout, /教师 teachers/);
  const token = readFileSync(join(elsewhere.dir, 'data/secrets/admin-api-token'), 'utf8').trim();
  const get = (path) => fetch(`${elsewhere.base}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const orgs = await (await get('/api/orgs')).json();
  const county = orgs.find(({ kind }) => kind === 'county');
  const workbook = await get(`/api/orgs/${county.id}/exports/places.xlsx`);
  assert.equal(workbook.status, 200);
  writeFileSync(file, Buffer.from(await workbook.arrayBuffer()));
  return county;
}

before(async () => {
  stack = await Stack.start('county');
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  page = await (await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'zh-CN' })).newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  page.setDefaultTimeout(30_000);
  await page.goto(await stack.setupLink());
  await page.getByText('学校与人员').waitFor();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** What the ledger of the county sums up in the row below, as numbers: taught and due. */
async function heat() {
  await page.getByTestId('heat').waitFor();
  return page.getByTestId('heat').locator('tbody tr').count();
}

test('a county comes from a spreadsheet: what is wrong is told by row and column, then all of it is imported', async () => {
  const elsewhere = await Stack.start('county-elsewhere');
  const file = join(stack.dir, '安平县.xlsx');
  const { name, code } = await workbookOf(elsewhere, file).finally(() => elsewhere.stop());
  await page.goto(`${stack.base}/county`);
  await page.getByTestId('first-place').click();
  await page.getByTestId('name').fill(name);
  await page.getByTestId('code').fill(code);
  await page.getByTestId('save').click();
  await page.getByTestId('import-open').click();
  const drawer = page.getByTestId('import');
  await drawer.locator('input[type=file]').setInputFiles({
    name: '教师.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('教师编号,学校代码,姓名\nT1,0000,李明\n'),
  });
  const wrong = drawer.getByTestId('import-errors').locator('tbody tr').filter({ hasText: '学校代码' });
  await wrong.filter({ hasText: '没有找到“0000”' }).waitFor();
  assert.ok(await drawer.getByTestId('carry-out').isDisabled());
  await drawer.locator('input[type=file]').setInputFiles(file);
  await drawer.getByText('检查通过').waitFor();
  await drawer.getByTestId('carry-out').click();
  await drawer.getByText('已导入').waitFor();
  // The same again says that it is all there.
  await drawer.locator('input[type=file]').setInputFiles(file);
  await drawer.getByText('都已经有了').waitFor();
  await page.keyboard.press('Escape');
});

test('the county is there: places, people, bell times', async () => {
  await page.goto(`${stack.base}/county`);
  await page.getByRole('tab', { name: '教师' }).click();
  await page.getByText(/共 60 行/).waitFor();
});

test('a term is planned, looked at, and published with one press', async () => {
  await page.goto(`${stack.base}/plans`);
  await page.getByTestId('new-plan').first().click();
  await page.getByTestId('save').click();
  // Whoever does not want to wait stops it: the best so far becomes the draft.
  await page.getByTestId('progressing').getByText('第 1 步').waitFor();
  await page.getByTestId('stop-plan').click();
  await page.getByTestId('publish').waitFor({ timeout: 60_000 });
  const served = await page.getByTestId('figures').locator('dd').nth(1).textContent();
  assert.ok(Number.parseInt(served, 10) > 100, `periods served: ${served}`);
  await page.getByTestId('publish').click();
  await page.getByTestId('publish-yes').click();
  await page.getByRole('button', { name: '看课表' }).click({ timeout: 60_000 });
  await page.getByTestId('lesson').first().waitFor();
});

/** Lessons that are tried: in a full week some fit nowhere else. */
const MAX_TRIED = 8;

/** Takes the first lesson that fits elsewhere into the hand, and holds it there; what it says. */
async function pickMovable() {
  const looked = page.locator('.cell-fits, .cell-refused').first();
  for (let which = 0; which < MAX_TRIED; which += 1) {
    const chip = page.getByTestId('lesson').nth(which);
    const before = await chip.textContent();
    await chip.focus();
    await page.keyboard.press('m');
    // Down one day, up the next, until the lesson fits where it is held.
    for (let step = 1; step <= 40; step += 1) {
      const along = Math.floor(step / 8) % 2 === 0 ? 'ArrowDown' : 'ArrowUp';
      await page.keyboard.press(step % 8 === 0 ? 'ArrowRight' : along);
      await looked.waitFor({ timeout: 5_000 }).catch(() => {});
      if ((await page.locator('.cell-fits').count()) > 0) return before;
    }
    await page.keyboard.press('Escape');
  }
  throw new Error(`none of ${MAX_TRIED} lessons fits anywhere else`);
}

test('a lesson is moved by the keys, shown as it would be before it is put down, and the move is taken back', async () => {
  const before = await pickMovable();
  await page.keyboard.press('Enter');
  await page.getByTestId('undo-bar').waitFor();
  await page.getByTestId('undo').click();
  await page.getByTestId('undo-bar').filter({ hasText: '调到' }).waitFor({ state: 'detached' });
  await page.getByTestId('lesson').filter({ hasText: before.slice(0, 4) }).first().waitFor();
});

test('a lesson is called off, with its reason', async () => {
  await page.getByTestId('lesson').first().click();
  const drawer = page.getByTestId('lesson-drawer');
  await drawer.getByText('取消', { exact: true }).first().click();
  await drawer.getByTestId('reason').fill(REASON);
  await drawer.getByTestId('do-cancel').click();
  await page.getByTestId('undo-bar').waitFor();
  await page.locator('.chip-cancelled').first().waitFor();
});

test('the ledger shows the county, and opens down to the lessons of a class', async () => {
  await page.goto(`${stack.base}/ledger`);
  assert.ok((await heat()) >= 30, 'a row for each school');
  await page.getByTestId('heat').locator('tbody tr .link-button').first().click();
  await page.getByTestId('heat').locator('tbody tr th[scope=row]').filter({ hasText: '班' }).first().waitFor();
  await page.getByTestId('heat').locator('.heat-cell').last().click();
  await page.getByTestId('behind').waitFor();
});
