// Takes the pictures of docs/images from a real lesson: teacher with a shared board, two classrooms, one of them on stage.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openChromium } from './browsers.mjs';
import { camera, silence, speech } from './media.mjs';
import { joinClassroom, Teacher, whenShown } from './pages.mjs';
import { published } from './recording.mjs';
import { OUT, Stack } from './stack.mjs';
import { until } from './until.mjs';

const images = join(dirname(fileURLToPath(import.meta.url)), '../../docs/images');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const CLASSROOM = { width: 640, height: 360, fps: 10 };

/** Runs inside the teacher's page: the shared screen is a drawn slide. */
function installSlide() {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [1280, 720];
    const context = canvas.getContext('2d');
    const draw = () => {
      context.fillStyle = '#fdfcf8';
      context.fillRect(0, 0, 1280, 720);
      context.fillStyle = '#1f2a2a';
      context.font = '700 84px sans-serif';
      context.fillText('茉莉花', 90, 150);
      context.font = '400 46px sans-serif';
      ['好一朵美丽的茉莉花', '芬芳美丽满枝桠', '又香又白人人夸'].forEach((line, n) => context.fillText(line, 90, 270 + n * 86));
      context.fillStyle = '#0d6e72';
      context.fillRect(90, 560, 40 + (Date.now() / 20) % 600, 14);
    };
    draw();
    setInterval(draw, 200);
    return canvas.captureStream(5);
  };
}

const stack = await Stack.start('pictures');
const open = [];
const browser = async (options) => { const one = await openChromium(options); open.push(one); return one; };
try {
  const desk = await browser({ camera: camera(0), microphone: speech(), viewport: { width: 1366, height: 768 } });
  await desk.page.addInitScript(installSlide);
  const lesson = await stack.cli('lesson', 'create', '--title', '三年级音乐：茉莉花');
  const teacher = await Teacher.open(desk, lesson.teacher_url);
  await teacher.start();
  const rooms = [];
  for (const [n, name] of [[1, '河口教学点 三年级'], [2, '青山教学点 三年级']]) {
    const room = await browser({ camera: camera(n, { ...CLASSROOM, title: name }), microphone: silence(), viewport: n === 1 ? { width: 1920, height: 1080 } : { width: 1366, height: 768 } });
    await joinClassroom(room, stack.base, lesson.code, name);
    rooms.push(room);
  }
  await pause(2000);
  await rooms[1].screenshot(join(images, 'classroom-camera.png'));
  await teacher.press('action-board');
  await until('the board is shown', () => rooms[0].evaluate(() => document.querySelector('[data-testid=screen]').dataset.layout.startsWith('board')), 20_000);
  await pause(3000);
  await rooms[0].screenshot(join(images, 'classroom.png'));
  const shown = whenShown(rooms[0], 'picture-stage', 2);
  await teacher.callOnStage('青山教学点 三年级');
  await shown;
  await pause(2000);
  await desk.screenshot(join(images, 'teach.png'));
  await rooms[0].screenshot(join(images, 'classroom-stage.png'));
  await rooms[1].screenshot(join(images, 'classroom-on-stage.png'));
  await teacher.end();
  await pause(1500);
  await rooms[0].screenshot(join(images, 'classroom-waiting.png'));
  await desk.goto(await stack.setupLink());
  const resource = await published(desk, stack);
  await desk.goto(`${stack.base}/library`);
  await pause(1500);
  await desk.screenshot(join(images, 'library.png'));
  await desk.goto(`${stack.base}/library/${resource.id}`);
  await until('the player has a picture', () => desk.evaluate(() => document.querySelector('video')?.readyState >= 2), 20_000);
  await desk.evaluate(() => { document.querySelector('video').currentTime = 8; });
  await pause(1500);
  await desk.screenshot(join(images, 'player.png'));
  await desk.goto(stack.base);
  await pause(1500);
  await desk.screenshot(join(images, 'home.png'));
} catch (error) {
  for (const [n, one] of open.entries()) await one.screenshot(join(OUT, `failed-${n}.png`)).catch(() => {});
  throw error;
} finally {
  for (const one of open) await one.close();
  await stack.stop();
}
