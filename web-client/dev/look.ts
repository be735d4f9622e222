// Looks at every page in every state, size and language, without a server: `npm run look [name [sizes]]`. Takes a picture of
// each, and fails if a page complains on the console, asks another machine, is wider than its window, or is too small to
// press or read where it is used (ui: 48 px under a hand, 40 px on a 1080p panel seen from eight metres).
// Pages come from dist/ (build first), the API and the lesson WebSocket from fixture.ts, media from fake_media.js.
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type { LessonView, RecordingAlarm, ResourceView } from '../src/protocol/types.ts';
import { access, lesson, now, resources } from './fixture.ts';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dev/out');
mkdirSync(out, { recursive: true });

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const csp =
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:";
const server = createServer((request, response) => {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const file = path === '/classroom' ? '/classroom.html' : extname(path) === '' ? '/index.html' : path;
  try {
    const body = readFileSync(join(root, 'dist', file));
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': csp,
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

interface Shot {
  name: string;
  path: string;
  sizes?: string[];
  /** What the server would say. */
  role?: 'admin' | 'teacher' | 'none';
  lessons?: LessonView[];
  resources?: ResourceView[] | 'offline' | 'error';
  welcome?: Record<string, unknown> | 'silent' | 'refused';
  setup?: 'refused';
  /** Leave the device check as it is. */
  stays?: boolean;
  credential?: string;
  /** What the server says next over the WebSocket. */
  later?: Record<string, unknown>[];
  /** Complaints of the browser that belong to this state. */
  expects?: RegExp;
  act?: (page: Page) => Promise<void>;
}

const sizes: Record<string, [number, number]> = {
  panel: [1920, 1080],
  laptop: [1366, 768],
  phone: [390, 844],
};

const grant = (slots: string[]) => ({
  whip_url: '/whip/lesson1',
  whep_url: '/whep/lesson1',
  slots,
  token: 't',
  expires_at: now + 600_000,
  epoch: 1,
});
const wall = Array.from({ length: 16 }, (_, index) => `wall${index}`);
const teaching = (view: LessonView) => ({
  type: 'welcome',
  session_id: 's',
  role: 'teacher',
  you: 'teacher',
  lesson: view,
  media: grant(['stage', ...wall, 'audio0', 'audio1', 'audio2']),
  server_time: now,
});
const classroom = (view: LessonView | null) => ({
  type: 'welcome',
  session_id: 's',
  role: 'classroom',
  you: view === null ? null : 'room0',
  device: {
    id: 'device0',
    name: '河口教学点 三年级',
    next_lesson: { id: 'n', title: '三年级英语：Colours', starts_at: now + 3_600_000 },
  },
  lesson: view,
  media: view === null ? null : grant(['teacher', 'board', 'stage', 'audio0', 'audio1', 'audio2']),
  server_time: now,
});
const withBoard = (view: LessonView): LessonView => ({
  ...view,
  participants: view.participants.map((one) =>
    one.role === 'teacher' ? { ...one, publishing: ['camera', 'microphone', 'board'] } : one,
  ),
});
const withoutTeacher = (view: LessonView): LessonView => ({
  ...view,
  participants: view.participants.map((one) => (one.role === 'teacher' ? { ...one, publishing: [] } : one)),
});
const begin = async (page: Page) => {
  await page.getByTestId('begin').click();
  await page.waitForTimeout(400);
};

const nearlyFull: RecordingAlarm = {
  code: 'disk_nearly_full',
  free_mb: 812,
  min_mb: 2048,
  text: 'the disk of data/media is nearly full',
};

const shots: Shot[] = [
  { name: 'home-none', path: '/', role: 'none' },
  { name: 'home-empty', path: '/', role: 'admin', lessons: [] },
  {
    name: 'home-lessons',
    path: '/',
    role: 'admin',
    lessons: [
      lesson(),
      lesson({ id: 'l2', title: '四年级英语：At the farm', state: 'open', started_at: null }, 0),
      lesson({ id: 'l3', state: 'published', resource_id: 'res2', recording: 'off' }, 2),
    ],
  },
  {
    name: 'home-new',
    path: '/',
    role: 'admin',
    lessons: [lesson()],
    act: async (page) => {
      await page.getByTestId('new-lesson').click();
      await page.waitForTimeout(400);
    },
  },
  { name: 'setup', path: '/setup' },
  { name: 'setup-broken', path: '/setup#%', expects: /status of 401/, setup: 'refused' },
  { name: 'library', path: '/library', role: 'admin' },
  { name: 'library-teacher', path: '/library', role: 'teacher' },
  { name: 'library-empty', path: '/library', role: 'admin', resources: [] },
  { name: 'library-error', path: '/library', role: 'admin', resources: 'error', expects: /status of 500/ },
  { name: 'library-offline', path: '/library', role: 'admin', resources: 'offline', expects: /ERR_FAILED/ },
  // The fixture has no recording to play.
  { name: 'player', path: '/library/res2', role: 'admin', expects: /status of 404/ },
  {
    name: 'teach-check',
    path: '/teach#abc',
    welcome: teaching(lesson({ state: 'open', started_at: null, recording: 'off' })),
  },
  { name: 'teach-live', path: '/teach#abc', welcome: teaching(lesson()) },
  { name: 'teach-six', path: '/teach#abc', welcome: teaching(lesson({ on_stage: 'room1' }, 6)) },
  {
    name: 'teach-sixteen',
    path: '/teach#abc',
    welcome: teaching(lesson({ recording: 'failed', recording_alarm: nearlyFull }, 16)),
  },
  {
    name: 'teach-check-elsewhere',
    path: '/teach#abc',
    stays: true,
    welcome: teaching(lesson()),
  },
  {
    name: 'teach-replaced',
    path: '/teach#abc',
    welcome: teaching(lesson()),
    later: [{ type: 'replaced' }],
  },
  {
    name: 'teach-recorder-away',
    path: '/teach#abc',
    welcome: teaching(
      lesson({
        recording: 'starting',
        recording_alarm: { code: 'recorder_away', text: 'no recorder is up' },
      }),
    ),
    act: (page) => page.waitForTimeout(5_500),
  },
  {
    name: 'teach-never-begun',
    path: '/teach#abc',
    welcome: teaching(lesson({ state: 'ended', started_at: null, ended_at: now })),
  },
  { name: 'teach-empty', path: '/teach#abc', welcome: teaching(lesson({}, 0)) },
  {
    name: 'teach-ended',
    path: '/teach#abc',
    welcome: teaching(lesson({ state: 'processing', ended_at: now })),
  },
  { name: 'teach-refused', path: '/teach#abc', welcome: 'refused' },
  { name: 'classroom-code', path: '/classroom' },
  { name: 'classroom-lesson-code', path: '/classroom', act: (page) => page.getByTestId('type-code').click() },
  { name: 'classroom-waiting', path: '/classroom', credential: 'c', welcome: classroom(null) },
  {
    name: 'classroom-open',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(lesson({ state: 'open' })),
  },
  { name: 'classroom-teacher', path: '/classroom', credential: 'c', welcome: classroom(lesson()) },
  { name: 'classroom-board', path: '/classroom', credential: 'c', welcome: classroom(withBoard(lesson())) },
  {
    name: 'classroom-stage',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(lesson({ on_stage: 'room0' })),
  },
  {
    name: 'classroom-stage-board',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(withBoard(lesson({ on_stage: 'room0' }))),
  },
  {
    name: 'classroom-other-board',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(withBoard(lesson({ on_stage: 'room1' }))),
  },
  {
    name: 'classroom-over',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(lesson()),
    later: [
      { type: 'lesson', lesson: lesson({ state: 'ended', ended_at: now }) },
      { type: 'assigned', lesson: null, you: null, media: null },
    ],
  },
  {
    name: 'classroom-teacher-missing',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(withBoard(lesson())),
    later: [{ type: 'lesson', lesson: withoutTeacher(lesson()) }],
    act: (page) => page.waitForTimeout(2_500),
  },
  {
    name: 'classroom-replaced',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(lesson()),
    later: [{ type: 'replaced' }],
  },
  {
    name: 'classroom-new-code',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(lesson()),
    act: async (page) => {
      await page.mouse.click(400, 400);
      await page.getByTestId('touch-code').click();
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'classroom-touched',
    path: '/classroom',
    credential: 'c',
    welcome: classroom(lesson()),
    act: async (page) => {
      await page.mouse.click(400, 400);
      await page.waitForTimeout(300);
    },
  },
];

async function serveApi(context: BrowserContext, shot: Shot): Promise<void> {
  const json = (body: unknown, status = 200) => ({
    status,
    contentType: status < 400 ? 'application/json' : 'application/problem+json',
    body: JSON.stringify(body),
  });
  const lessons = shot.lessons ?? [];
  const shelf = shot.resources ?? resources;
  await context.route('**/api/**', async (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === '/api/session') return route.fulfill(json({ role: shot.role ?? 'none' }));
    if (path === '/api/lessons') return route.fulfill(json(lessons));
    if (path.endsWith('/access')) {
      const view = lessons.find((one) => path.includes(one.id)) ?? lesson();
      return route.fulfill(json(access(view)));
    }
    if (path === '/api/screen-codes') {
      return route.fulfill(json({ state: 'waiting', code: '482913', secret: 'd.1', expires_in_s: 600 }));
    }
    if (path === '/api/devices') {
      return route.fulfill(
        json([
          { id: 'device0', name: '河口教学点 三年级' },
          { id: 'device1', name: '石桥小学 三(1)班' },
        ]),
      );
    }
    if (path === '/api/library/events')
      return route.fulfill({ status: 200, contentType: 'text/event-stream', body: '\n' });
    if (path.startsWith('/api/library') && shelf === 'offline') return route.abort();
    if (path.startsWith('/api/library') && shelf === 'error') {
      return route.fulfill(
        json({ type: 'x', title: '资源库打不开', status: 500, detail: '请稍后再试。' }, 500),
      );
    }
    if (path === '/api/library') return route.fulfill(json(shelf));
    const resource = resources.find((one) => path === `/api/library/${one.id}`);
    if (resource !== undefined) return route.fulfill(json(resource));
    if (path === '/api/setup' && shot.setup === 'refused') {
      return route.fulfill(json({ type: 'bad_credential', title: '这个链接不对', status: 401 }, 401));
    }
    if (route.request().method() === 'POST') return route.fulfill({ status: 204 });
    return route.fulfill(json({ type: 'not_found', title: '没有找到', status: 404 }, 404));
  });
  await context.route('**/wh*p/**', (route) =>
    route.fulfill({
      status: 201,
      headers: { location: '/whip/lesson1/s1' },
      contentType: 'application/sdp',
      body: 'v=0\r\n',
    }),
  );
  await context.routeWebSocket('**/api/ws', (socket) => {
    socket.onMessage((text) => {
      const said = JSON.parse(String(text));
      if (shot.welcome === 'silent' || shot.welcome === undefined) return;
      if (said.type === 'hello' && shot.welcome === 'refused') {
        const problem = {
          type: 'unknown',
          title: '这个链接已经失效',
          status: 401,
          detail: '请向管理员要一个新的教师链接。',
        };
        socket.send(JSON.stringify({ seq: 0, type: 'refused', id: 0, problem }));
      } else if (said.type === 'hello') {
        socket.send(JSON.stringify({ seq: 1, ...(shot.welcome as object) }));
        // When the page has drawn its pictures.
        (shot.later ?? []).forEach((message, index) => {
          setTimeout(() => socket.send(JSON.stringify({ seq: 2 + index, ...message })), 900);
        });
      } else if (said.type === 'ping') socket.send(JSON.stringify({ seq: 0, type: 'pong' }));
    });
  });
}

/** What is wrong with a page that a picture of it does not say loud enough. */
async function faultsOf(page: Page, size: string): Promise<string[]> {
  const { wide, small, faint } = await page.evaluate(() => {
    const visible = (element: Element) => {
      const { width, height } = element.getBoundingClientRect();
      return width > 0 && height > 0 && element.checkVisibility({ visibilityProperty: true });
    };
    const name = (element: Element) =>
      `${element.className || element.tagName} “${(element.textContent ?? '').trim().slice(0, 20)}”`;
    const all = [...document.querySelectorAll('*')].filter(visible);
    const pressed = all.filter((element) =>
      element.matches('.teach button, .check button, .touchbar button'),
    );
    const written = all.filter((element) =>
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()),
    );
    return {
      wide: document.documentElement.scrollWidth - window.innerWidth,
      small: pressed.filter((one) => one.getBoundingClientRect().height < 47.5).map(name),
      faint: document.querySelector('#classroom')
        ? written.filter((one) => Number.parseFloat(getComputedStyle(one).fontSize) < 39.5).map(name)
        : [],
    };
  });
  const faults: string[] = [];
  if (wide > 0) faults.push(`${wide} px wider than the window`);
  if (size !== 'phone') faults.push(...small.map((one) => `lower than 48 px: ${one}`));
  if (size === 'panel') faults.push(...faint.map((one) => `smaller than 40 px: ${one}`));
  return faults;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required',
  ],
});
const wanted = process.argv[3] ?? '';
let faults = 0;
const complain = (where: string, what: string) => {
  faults += 1;
  console.log(`${where}: ${what}`);
};
const only = process.argv[4]?.split(',');
for (const shot of shots.filter((one) => one.name.startsWith(wanted))) {
  for (const [size, [width, height]] of Object.entries(sizes)) {
    for (const lang of ['zh-CN', 'en']) {
      if (only !== undefined && !only.includes(`${size}-${lang}`)) continue;
      const context = await browser.newContext({ viewport: { width, height }, locale: lang });
      await context.addInitScript(readFileSync(join(root, 'dev/fake_media.js'), 'utf8'));
      if (shot.credential !== undefined) {
        await context.addInitScript(
          (credential) => localStorage.setItem('tongtang.classroom.credential', credential),
          shot.credential,
        );
      }
      await serveApi(context, shot);
      const page = await context.newPage();
      const where = `${shot.name} ${size} ${lang}`;
      page.on('console', (message) => {
        if (message.type() === 'error' && !shot.expects?.test(message.text()))
          complain(where, message.text());
      });
      page.on('pageerror', (error) => complain(where, error.message));
      page.on('request', (request) => {
        if (/^(https?|wss?):/.test(request.url()) && !request.url().startsWith(base)) {
          complain(where, `asks another machine: ${request.url()}`);
        }
      });
      await page.goto(base + shot.path);
      await page.waitForTimeout(1200);
      if (
        shot.name.startsWith('teach-') &&
        (await page
          .getByTestId('begin')
          .isVisible()
          .catch(() => false)) &&
        shot.name !== 'teach-check' &&
        shot.stays !== true
      )
        await begin(page);
      await shot.act?.(page);
      for (const fault of await faultsOf(page, size)) complain(where, fault);
      await page.screenshot({ path: join(out, `${shot.name}-${size}-${lang}.png`) });
      await context.close();
    }
  }
}
await browser.close();
server.close();
if (faults > 0) {
  console.log(`${faults} faults`);
  process.exitCode = 1;
}
