// The life of a classroom screen in real browsers: it shows a code, whoever keeps the screens types that at a desk, the screen
// is ready, is in its classroom's lesson by itself, says how it is, and shows a code again when it is revoked.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { County } from './county.mjs';
import { Stack } from './stack.mjs';
import { until } from './until.mjs';

const CHROMIUM = process.env.TONGTANG_CHROMIUM ?? '/usr/bin/chromium';
const NAME = '河口教学点 一教室';

let stack;
let county;
let browser;
let screen;
let desk;
let firstCode;

before(async () => {
  stack = await Stack.start('devices');
  county = new County(stack);
  await county.settle();
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
    ],
  });
  const page = async (viewport) => {
    const one = await (await browser.newContext({ viewport, locale: 'zh-CN' })).newPage();
    one.on('pageerror', (error) => console.error('page error:', error.message));
    one.setDefaultTimeout(20_000);
    return one;
  };
  screen = await page({ width: 1280, height: 720 });
  desk = await page({ width: 1366, height: 768 });
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** The digits on the screen, or null. */
async function shownCode() {
  const digits = (await screen.getByTestId('screen-code').textContent()).replace(/\D/g, '');
  return digits.length === 6 ? digits : null;
}

const session = () => screen.evaluate(() => window.__tongtang?.session.state());

const row = () => desk.getByTestId('table-screens').locator('tbody tr').filter({ hasText: NAME });

async function choose(testid, words) {
  await desk.getByTestId(testid).click();
  await desk.locator('.ant-select-dropdown:visible').getByText(words, { exact: true }).click();
}

test('an unpaired screen shows a code that is read from eight metres, also over a restart of the server', async () => {
  await screen.goto(`${stack.base}/classroom`);
  firstCode = await until('a code is shown', shownCode);
  const height = await screen.getByTestId('screen-code').evaluate((digits) => Number.parseFloat(getComputedStyle(digits).fontSize));
  // A digit is some seven tenths of its font's size.
  assert.ok(height * 0.7 >= 720 / 6, `font of ${height} px on a screen of 720`);
  stack.kill('tongtang');
  await screen.getByTestId('code-trouble').filter({ hasText: '连不上服务器' }).waitFor();
  assert.equal(await shownCode(), firstCode);
  stack.serve();
  await stack.ready();
  await screen.getByTestId('code-trouble').waitFor({ state: 'hidden' });
  assert.equal(await shownCode(), firstCode);
});

test('whoever keeps the screens types the code at a desk, and the screen is ready', async () => {
  const person = await county.somebody('it-zhang', 'it');
  await desk.goto(`${stack.base}/sign-in`);
  const signedIn = await desk.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/api/sign-in', { method: 'POST', headers, body: JSON.stringify(body) })).status;
  }, person);
  assert.equal(signedIn, 200);
  await desk.goto(`${stack.base}/devices`);
  await desk.getByTestId('pair-screen').click();
  await desk.getByTestId('pair-code').fill(firstCode === '000000' ? '000001' : '000000');
  await choose('screen-school', '河口教学点');
  await choose('screen-classroom', '一教室');
  assert.equal(await desk.getByTestId('pair-name').inputValue(), NAME);
  await desk.getByTestId('save').click();
  await desk.getByTestId('refused').filter({ hasText: '没有屏幕显示这个配对码' }).waitFor();
  await desk.getByTestId('pair-code').fill(`${firstCode.slice(0, 3)} ${firstCode.slice(3)}`);
  await desk.getByTestId('save').click();
  await screen.getByTestId('room').filter({ hasText: NAME }).waitFor();
  assert.equal((await session()).lesson, null);
  await row().getByTestId('standing').filter({ hasText: '就绪' }).waitFor();
});

test('it says how it is', async () => {
  await row().click();
  const health = desk.getByTestId('screen-health');
  await health.getByText('1280 × 720').waitFor();
  const said = await health.textContent();
  assert.match(said, /摄像头正常/);
  assert.match(said, /Chromium \d+/);
  await desk.keyboard.press('Escape');
});

test('when a lesson of its classroom opens, it is in it by itself, with camera and microphone', async () => {
  await county.schedule();
  const publishing = async () => {
    const { lesson, you } = await session();
    return lesson?.participants.find(({ id }) => id === you)?.publishing.toSorted().join(' ');
  };
  await until('the screen is in the lesson', async () => (await publishing()) === 'camera microphone', 30_000);
  await row().getByTestId('standing').filter({ hasText: '上课中' }).waitFor();
});

test('revoked with one press it leaves the lesson and shows a code again', async () => {
  await row().click();
  await desk.getByTestId('remove').click();
  await desk.getByText('它正在上课！').waitFor();
  await desk.locator('.ant-popconfirm').getByRole('button', { name: '撤销配对' }).click();
  await screen.getByTestId('code-notice').filter({ hasText: '配对已撤销' }).waitFor();
  assert.notEqual(await until('another code is shown', shownCode), firstCode);
  await row().waitFor({ state: 'detached' });
});
