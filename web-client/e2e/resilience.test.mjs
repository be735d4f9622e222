// Kill each program in the middle of a lesson, as a power cut would; the lesson goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './browsers.mjs';
import { camera, silence, speech } from './media.mjs';
import { joinClassroom, Teacher } from './pages.mjs';
import { Stack } from './stack.mjs';
import { until } from './until.mjs';

let stack;
let lesson;
let teacher;
const browsers = {};

const picture = (browser) => browser.evaluate(() => window.probes.pictures().find((each) => each.testid === 'picture-teacher') ?? null);

/** Waits until the teacher's picture shows two further frames; Date.now() of that moment. */
async function whenAdvancing(browser, timeoutMs) {
  return browser.evaluate(async (timeout) => {
    const until = performance.now() + timeout;
    const shown = new Set();
    for (;;) {
      const seen = window.probes.pictures().find((each) => each.testid === 'picture-teacher');
      if (seen) shown.add(seen.frame);
      if (shown.size >= 3) return Date.now();
      if (performance.now() > until) throw new Error(`the teacher's picture stands still; states ${window.probes.connectionStates()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, timeoutMs);
}

const session = (browser) => browser.evaluate(() => window.__tongtang.session.state());

before(async () => {
  stack = await Stack.start('resilience');
  lesson = await stack.cli('lesson', 'create', '--title', '断电也不停课');
  browsers.teacher = await openChromium({ camera: camera(0), microphone: speech() });
  teacher = await Teacher.open(browsers.teacher, lesson.teacher_url);
  await teacher.start();
  browsers.room = await openChromium({ camera: camera(1, { width: 320, height: 180, fps: 10 }), microphone: silence(), viewport: { width: 960, height: 540 } });
  await joinClassroom(browsers.room, stack.base, lesson.code, '河口教学点');
  await until('the recording has begun', async () => (await teacher.lesson()).recording === 'on');
});

after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await stack?.stop();
});

test('signaling killed: media goes on, pages resume within two seconds of its return', async (t) => {
  stack.kill('tongtang');
  await until('the page noticed', async () => (await session(browsers.room)).connection.kind !== 'online');
  await whenAdvancing(browsers.room, 3000);
  stack.serve();
  await stack.ready();
  const back = Date.now();
  await until('both pages are back', async () => (await session(browsers.room)).connection.kind === 'online'
    && (await session(browsers.teacher)).connection.kind === 'online', 10_000, 20);
  const resumedMs = Date.now() - back;
  t.diagnostic(`pages resumed ${resumedMs} ms after signaling was back`);
  assert.ok(resumedMs < 2000, `pages resumed after ${resumedMs} ms`);
  assert.equal((await session(browsers.room)).lesson.state, 'live');
  await whenAdvancing(browsers.room, 3000);
  const births = await browsers.room.evaluate(() => window.probes.connectionBirths().length);
  assert.equal(births, 2, 'no media connection was made anew');
});

test('the sfu killed: pages are back in the lesson within eight seconds', async (t) => {
  const killed = stack.kill('tongtang-sfu');
  await until('the picture stands still', async () => {
    const [first, later] = [await picture(browsers.room), await new Promise((resolve) => setTimeout(() => resolve(picture(browsers.room)), 300))];
    return first?.frame === later?.frame;
  }, 8000);
  const backMs = (await whenAdvancing(browsers.room, 15_000)) - killed;
  t.diagnostic(`picture back ${backMs} ms after the sfu was killed`);
  assert.ok(backMs < 8000, `pages were back after ${backMs} ms`);
  await until('the recording goes on', async () => (await teacher.lesson()).recording === 'on', 15_000);
});

test('the recorder killed: the lesson does not notice and the recording loses less than two seconds', async (t) => {
  const before = await browsers.room.evaluate(() => window.probes.connectionBirths().length);
  stack.kill('tongtang-recorder');
  await whenAdvancing(browsers.room, 3000);
  await until('the recorder is back', async () => (await teacher.lesson()).recording !== 'on', 10_000).catch(() => {});
  await until('the recording goes on', async () => (await teacher.lesson()).recording === 'on', 10_000);
  // Long enough that several fragments close after the gap.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  assert.equal(await browsers.room.evaluate(() => window.probes.connectionBirths().length), before, 'media was not touched');
  await teacher.end();
  await browsers.teacher.goto(await stack.setupLink());
  const resource = await until('the resource is published', async () => {
    const resources = await browsers.teacher.evaluate(async () => (await fetch('/api/library')).json());
    const failed = resources.find((each) => each.job.state === 'failed');
    if (failed) throw new Error(`composing failed: ${failed.job.error}`);
    return resources.find((each) => each.job.state === 'done');
  }, 120_000, 500);
  t.diagnostic(`gaps in the recording: ${resource.gap_ms} ms, of them the sfu's restart`);
  // The sfu was killed once in this lesson too: its own outage (under 8 s, above) is in the sum.
  assert.ok(resource.gap_ms < 2000 + 8000, `gaps of ${resource.gap_ms} ms`);
});
