// Two schedulers at two desks: what one changes the other sees without reloading; a teacher falls ill, a way out is taken
// with one press and undone with one.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { BIN, Stack } from './stack.mjs';

const CHROMIUM = process.env.TONGTANG_CHROMIUM ?? '/usr/bin/chromium';

let stack;
let browser;
let one;
let other;
let lesson;
/** The change that added a second one of the same teacher and class. */
let another;

async function desk(state) {
  const context = await browser.newContext({
    viewport: { width: 1366, height: 768 },
    locale: 'zh-CN',
    ...(state === undefined ? {} : { storageState: state }),
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  page.setDefaultTimeout(15_000);
  return page;
}

async function asked(method, path, data) {
  const answer = await one.request.fetch(stack.base + path, { method, data, headers: { origin: stack.base } });
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

/** The first of these lessons that could be on the timetable, added to it. */
async function addFirst(term, wishes) {
  for (const wanted of wishes) {
    const { conflicts, reasons } = await asked('POST', `/api/terms/${term}/lessons/checks`, wanted);
    if (conflicts.length + reasons.length === 0) return asked('POST', `/api/terms/${term}/lessons`, wanted);
  }
  return null;
}

/** A lesson of next week that a colleague of its teacher could take over. */
async function put() {
  const [term] = await asked('GET', '/api/terms');
  const [teachers, rooms, classes] = [
    await asked('GET', '/api/teachers'),
    await asked('GET', '/api/classrooms'),
    await asked('GET', '/api/classes'),
  ];
  const today = new Date(Date.now() + 8 * 3_600_000);
  const monday = new Date(today.getTime() + ((8 - today.getUTCDay()) % 7 || 7) * 86_400_000);
  const dayOf = (at) => new Date(monday.getTime() + at * 86_400_000).toISOString().slice(0, 10);
  const able = teachers.filter(({ max_delivered, subjects }) => max_delivered > 0 && subjects.some(({ subject }) => subject === '音乐'));
  for (const group of classes.filter(({ grade, classroom_id }) => grade === 3 && classroom_id != null)) {
    for (const teacher of able) {
      const room = rooms.find(({ org_id, max_receivers }) => org_id === teacher.org_id && max_receivers > 0);
      if (room === undefined) continue;
      const wishes = Array.from({ length: 30 }, (_, at) => ({
        subject: '音乐', grade: 3, teacher_id: teacher.id, classroom_id: room.id, class_ids: [group.id],
        day: dayOf(at % 5), period: 1 + Math.floor(at / 5),
      }));
      const made = await addFirst(term.id, wishes);
      if (made === null) continue;
      if ((await asked('GET', `/api/timetable-lessons/${made.lessons[0].id}/substitutes`)).length > 0) {
        another = await addFirst(term.id, wishes);
        if (another !== null) return made.lessons[0];
      }
      await asked('POST', `/api/changes/${made.change.id}/undo`, {});
    }
  }
  throw new Error('nobody can be stood in for');
}

before(async () => {
  stack = await Stack.start('two-desks');
  const { stdout } = await promisify(execFile)(join(BIN, 'tongtang'), ['demo', '--config', stack.config]);
  assert.match(stdout, /教师 teachers/);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  one = await desk();
  await one.goto(await stack.setupLink());
  await one.getByText('学校与人员').waitFor();
  other = await desk(await one.context().storageState());
  lesson = await put();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

const chip = (page) => page.locator(`[data-lesson="${lesson.id}"]`);

/** `2026-12-01 2`: the cell of the week in which the lesson stands. */
const cellOf = (page) => chip(page).evaluate((element) => element.closest('[data-cell]').dataset.cell);

test('a lesson that is moved at one desk moves at the other', async () => {
  const week = `${stack.base}/timetable?week=${lesson.week}&class=${lesson.classes[0].class_id}`;
  await Promise.all([one.goto(week), other.goto(week)]);
  await Promise.all([chip(one).waitFor(), chip(other).waitFor()]);
  const before = await cellOf(other);
  assert.equal(await cellOf(one), before);
  await chip(one).focus();
  await one.keyboard.press('m');
  // To and fro through the week, until it fits where it is held.
  for (let step = 1; step <= 40 && (await one.locator('.cell-fits').count()) === 0; step += 1) {
    await one.keyboard.press(step % 6 === 0 ? 'ArrowRight' : Math.floor(step / 6) % 2 === 0 ? 'ArrowDown' : 'ArrowUp');
    await one.locator('.cell-fits, .cell-refused').first().waitFor({ timeout: 3_000 }).catch(() => {});
  }
  await one.keyboard.press('Enter');
  await one.getByTestId('undo-bar').waitFor();
  const now = await cellOf(one);
  assert.notEqual(now, before);
  await other.locator(`[data-cell="${now}"] [data-lesson="${lesson.id}"]`).waitFor();
  await one.getByTestId('undo').click();
  await other.locator(`[data-cell="${before}"] [data-lesson="${lesson.id}"]`).waitFor();
});

test('its teacher falls ill: a way out is taken with one press, seen at the other desk, and undone', async () => {
  await chip(one).click();
  await one.getByTestId('to-absent').click();
  await one.getByTestId('ways').waitFor();
  const way = one.getByTestId('way').first();
  assert.match(await way.textContent(), /代课/);
  await way.getByTestId('take').click();
  await one.getByTestId('repaired').waitFor();
  await chip(other).filter({ hasNotText: lesson.teacher_name }).waitFor();
  assert.equal(await other.getByTestId('lesson').and(chip(other)).count(), 1);
  await one.getByTestId('undo').click();
  await chip(other).filter({ hasText: lesson.teacher_name }).waitFor();
  // With the lesson back, the ways out are there again.
  await one.getByTestId('way').first().waitFor();
});

test('a colleague stands in, two lessons change places, one is called off and held after all: by the forms, each looked at before', async () => {
  const form = async (name) => {
    await chip(one).click();
    const drawer = one.getByTestId('lesson-drawer');
    await drawer.locator('.ant-segmented').getByText(name, { exact: true }).click();
    return drawer;
  };
  await one.goto(`${stack.base}/timetable?week=${lesson.week}&class=${lesson.classes[0].class_id}`);
  await chip(one).waitFor();
  const substitute = await form('代课');
  await substitute.getByTestId('substitute').click();
  await one.keyboard.press('Enter');
  await substitute.locator('[data-kind=fits]').waitFor();
  await substitute.getByTestId('do-substitute').click();
  await chip(one).filter({ hasNotText: lesson.teacher_name }).waitFor();
  await one.getByTestId('undo').click();
  await chip(one).filter({ hasText: lesson.teacher_name }).waitFor();

  const second = another.lessons[0].id;
  const [here, there] = [
    await cellOf(one),
    await one.locator(`[data-lesson="${second}"]`).evaluate((element) => element.closest('[data-cell]').dataset.cell),
  ];
  const swap = await form('对调');
  // Those of the same teacher come first.
  await swap.getByTestId('swap-with').click();
  await one.keyboard.press('Enter');
  await swap.locator('[data-kind=fits]').waitFor();
  await swap.getByTestId('do-swap').click();
  await one.locator(`[data-cell="${there}"] [data-lesson="${lesson.id}"]`).waitFor();
  await one.locator(`[data-cell="${here}"] [data-lesson="${second}"]`).waitFor();
  await one.getByTestId('undo').click();
  await one.locator(`[data-cell="${here}"] [data-lesson="${lesson.id}"]`).waitFor();

  const cancel = await form('取消');
  await cancel.getByTestId('reason').fill('停电');
  await cancel.getByTestId('do-cancel').click();
  await one.locator(`.chip-cancelled[data-lesson="${lesson.id}"]`).waitFor();
  await chip(one).click();
  await one.getByTestId('lesson-drawer').locator('[data-kind=fits]').waitFor();
  await one.getByTestId('do-restore').click();
  await one.locator(`.chip-planned[data-lesson="${lesson.id}"]`).waitFor();
});

test('a lesson is added by hand, and what is in its way is said before it is saved', async () => {
  // The second lesson, changed twice since, makes room: called off.
  const second = await asked('GET', `/api/timetable-lessons/${another.lessons[0].id}`);
  await asked('POST', `/api/timetable-lessons/${second.id}/changes`, { do: 'cancel', reason: '让出时间', version: second.version });
  const { teacher_id, classroom_id, classes, day, period } = lesson;
  const address = (on, which) =>
    `${stack.base}/timetable?week=${lesson.week}&class=${classes[0].class_id}&do=add&subject=音乐&grade=3&teacher=${teacher_id}&classroom=${classroom_id}&on=${on}&period=${which}`;
  await one.goto(address(day, period));
  const drawer = one.getByTestId('drawer');
  await drawer.locator('[data-kind=refused]').filter({ hasText: lesson.teacher_name }).waitFor();
  const free = another.lessons[0];
  await one.goto(address(free.day, free.period));
  await drawer.locator('[data-kind=fits]').waitFor();
  await drawer.getByTestId('save').click();
  await one.getByTestId('undo-bar').filter({ hasText: '新增' }).waitFor();
});

test('a lesson is opened, given to a colleague and left by the keys alone', async () => {
  await one.goto(`${stack.base}/timetable?week=${lesson.week}&class=${lesson.classes[0].class_id}`);
  await chip(one).focus();
  await one.keyboard.press('Enter');
  const drawer = one.getByTestId('lesson-drawer');
  await drawer.locator('input[type=radio]').first().focus();
  await one.keyboard.press('ArrowRight');
  await drawer.getByTestId('substitute').waitFor();
  await one.keyboard.press('Tab');
  await one.keyboard.press('ArrowDown');
  await one.keyboard.press('Enter');
  await drawer.locator('[data-kind=fits]').waitFor();
  // Esc closes what is open on top: the list of colleagues has to be gone first.
  await one.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden)').waitFor({ state: 'detached' });
  await one.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  assert.equal(await one.evaluate(() => document.activeElement.dataset.lesson), lesson.id, 'one goes on from the lesson');
});
