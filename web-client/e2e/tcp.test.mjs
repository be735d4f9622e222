// A school whose network lets no UDP through: its Chromium may use no UDP at all (the policy administrators set), and is in the lesson.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './browsers.mjs';
import { camera, silence, speech } from './media.mjs';
import { joinClassroom, Teacher, watchTeacher, whenShown } from './pages.mjs';
import { Stack } from './stack.mjs';
import { until } from './until.mjs';

const SMALL = { width: 320, height: 180, fps: 8 };
const SCREEN = { width: 640, height: 360 };
const MIN_SPEECH_RMS = 0.01;
const NO_UDP = ['--webrtc-ip-handling-policy=disable_non_proxied_udp'];

let stack;
let lesson;
let teacher;
const browsers = {};

before(async () => {
  stack = await Stack.start('tcp');
  lesson = await stack.cli('lesson', 'create', '--title', '没有UDP的学校');
});

after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await stack?.stop();
});

/** By what the media of each connection of a page go: 'udp' or 'tcp'. */
const transports = (browser) => browser.evaluate(() => window.probes.transports());

test('a teacher over UDP, a classroom over TCP alone: it sees, hears, and is seen on stage', async (t) => {
  browsers.teacher = await openChromium({ camera: camera(0, SMALL), microphone: speech(), viewport: { width: 1024, height: 640 } });
  browsers.room = await openChromium({ camera: camera(1, { ...SMALL, title: '河口教学点' }), microphone: silence(), viewport: SCREEN, more: NO_UDP });
  teacher = await Teacher.open(browsers.teacher, lesson.teacher_url);
  await teacher.start();
  const firstPictureMs = await joinClassroom(browsers.room, stack.base, lesson.code, '河口教学点');
  t.diagnostic(`first picture over TCP after ${Math.round(firstPictureMs)} ms`);

  const seen = await watchTeacher(browsers.room, 4000);
  t.diagnostic(`${seen.frames} different frames in 4 s, loudest ${seen.loudest.toFixed(3)}`);
  assert.ok(seen.frames >= 20, `the counter advanced only ${seen.frames} times in 4 s`);
  assert.ok(seen.loudest >= MIN_SPEECH_RMS, `nothing is heard: ${seen.loudest}`);

  const shown = whenShown(browsers.teacher, 'stage-picture', 1);
  await teacher.callOnStage('河口教学点');
  await shown;

  const ofRoom = await until('the room publishes and subscribes', async () => {
    const all = await transports(browsers.room);
    return all.length === 2 && all;
  });
  assert.deepEqual(ofRoom, ['tcp', 'tcp'], 'the room has nothing but TCP');
  assert.deepEqual([...new Set(await transports(browsers.teacher))], ['udp'], 'who has UDP uses it');
});
