// Sound and picture of the recording belong together: a white flash and a tone made by one clock, measured in the composed file.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './browsers.mjs';
import { camera, silence } from './media.mjs';
import { Teacher } from './pages.mjs';
import { flashes, published, tones } from './recording.mjs';
import { Stack } from './stack.mjs';
import { installSyncedDevices } from './synced-devices.mjs';
import { until } from './until.mjs';

const MAX_OFFSET_MS = 80;
let stack;
let browser;

before(async () => { stack = await Stack.start('lipsync'); });
after(async () => { await browser?.close(); await stack?.stop(); });

test('audio and video of the recording are within 80 ms', async (t) => {
  const lesson = await stack.cli('lesson', 'create', '--title', '唇音同步');
  browser = await openChromium({ camera: camera(0), microphone: silence() });
  await browser.page.addInitScript(installSyncedDevices);
  const teacher = await Teacher.open(browser, lesson.teacher_url);
  await teacher.start();
  await until('the recording has begun', async () => (await teacher.lesson()).recording === 'on');
  await new Promise((resolve) => setTimeout(resolve, 14_000));
  await teacher.end();
  await browser.goto(await stack.setupLink());
  const resource = await published(browser, stack);
  const playlist = new URL(resource.playlist_url, stack.base).href;
  const [seen, heard] = [flashes(playlist), tones(playlist)];
  t.diagnostic(`flashes at ${seen.map((at) => at.toFixed(2))} s, tones at ${heard.map((at) => at.toFixed(2))} s`);
  const offsets = seen.map((at) => heard.map((tone) => tone - at).sort((a, b) => Math.abs(a) - Math.abs(b))[0]).filter((offset) => Math.abs(offset) < 1);
  assert.ok(offsets.length >= 2, 'at least two flashes have their tone');
  const median = offsets.sort((a, b) => a - b)[Math.floor(offsets.length / 2)] * 1000;
  t.diagnostic(`sound is ${Math.round(median)} ms behind the picture (median of ${offsets.length})`);
  assert.ok(Math.abs(median) <= MAX_OFFSET_MS, `sound and picture are ${median} ms apart`);
});
