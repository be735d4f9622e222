// Kill each program in the middle of a lesson, as a power cut would; the lesson goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './browsers.mjs';
import { camera, silence, speech } from './media.mjs';
import { joinClassroom, Teacher } from './pages.mjs';
import { published } from './recording.mjs';
import { Stack } from './stack.mjs';
import { until } from './until.mjs';

let stack;
let teacher;
const browsers = {};

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
  browsers.teacher = await openChromium({ camera: camera(0), microphone: speech() });
  browsers.room = await openChromium({ camera: camera(1, { width: 320, height: 180, fps: 10 }), microphone: silence(), viewport: { width: 960, height: 540 } });
});

after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await stack?.stop();
});

/** A live lesson that is being recorded, with the room in it. */
async function beginLesson(title) {
  const lesson = await stack.cli('lesson', 'create', '--title', title);
  teacher = await Teacher.open(browsers.teacher, lesson.teacher_url);
  await teacher.start();
  await browsers.room.evaluate(() => localStorage.clear()).catch(() => {});
  await joinClassroom(browsers.room, stack.base, lesson.code, '河口教学点');
  await recordingGoesOn();
  return lesson;
}

const recordingGoesOn = () => until('the recording runs', async () => (await teacher.lesson()).recording === 'on', 20_000);
const mediaConnections = () => browsers.room.evaluate(() => window.probes.connectionBirths().length);

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('the recorder killed: the lesson does not notice and the recording loses less than two seconds', async (t) => {
  await beginLesson('断电也录得下');
  const connectionsBefore = await mediaConnections();
  await delay(4000);
  stack.kill('tongtang-recorder');
  await whenAdvancing(browsers.room, 3000);
  await until('the recorder is back', async () => (await fetch(`${stack.recorderHttp}/readyz`)).ok, 10_000);
  await recordingGoesOn();
  // Long enough that several fragments close after the gap.
  await delay(5000);
  assert.equal(await mediaConnections(), connectionsBefore, 'media was not touched');
  await teacher.end();
  const ended = await until('the lesson has ended', async () => {
    const now = await teacher.lesson();
    return now.ended_at && now;
  });
  await browsers.teacher.goto(await stack.setupLink());
  const resource = await published(browsers.teacher, stack);
  const lessonMs = ended.ended_at - ended.started_at;
  t.diagnostic(`lesson ${lessonMs} ms, recording ${resource.duration_ms} ms, lost ${resource.gap_ms} ms`);
  assert.ok(resource.gap_ms < 2000, `the recording lost ${resource.gap_ms} ms`);
  assert.ok(Math.abs(resource.duration_ms - lessonMs) <= 200, `the recording is ${resource.duration_ms} ms of a lesson of ${lessonMs} ms`);
});

test('signaling killed: media goes on, pages resume within two seconds of its return', async (t) => {
  await beginLesson('停电也不停课');
  const connectionsBefore = await mediaConnections();
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
  assert.equal(await mediaConnections(), connectionsBefore, 'no media connection was made anew');
});

test('the sfu killed: pages are back in the lesson within eight seconds', async (t) => {
  const connectionsBefore = await mediaConnections();
  const killed = stack.kill('tongtang-sfu');
  await until('the page connects anew', async () => (await mediaConnections()) > connectionsBefore, 8000, 20);
  const backMs = (await whenAdvancing(browsers.room, 15_000)) - killed;
  t.diagnostic(`picture back ${backMs} ms after the sfu was killed`);
  assert.ok(backMs < 8000, `pages were back after ${backMs} ms`);
  await recordingGoesOn();
});
