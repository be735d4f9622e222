import { expect, it } from 'vitest';
import type { DraftLesson, TimetableLessonView } from '../../protocol/types';
import { concerns, draftCards, todayCards, whoIn } from './draft_week';

const draft = (period: number, classes: string[], is_kept = false): DraftLesson => ({
  lesson: {
    subject: '音乐',
    grade: 3,
    teacher_id: 'p1',
    classroom_id: 'r',
    day: '2026-09-07',
    period,
    class_ids: classes,
  },
  kind: 'delivery',
  teacher_name: '李老师',
  org_name: '中心小学',
  weekday: 1,
  class_names: classes.map((id) => `教学点 ${id}`),
  is_kept,
});

const today = (id: string, period: number, classes: string[]): TimetableLessonView => ({
  id,
  term_id: 't',
  kind: 'delivery',
  title: '音乐',
  subject: '音乐',
  grade: 3,
  org_id: 'o',
  org_name: '中心小学',
  teacher_id: 'p1',
  teacher_name: '李老师',
  classroom_id: 'r',
  classroom_name: '录播室',
  day: '2026-09-07',
  week: 2,
  period,
  starts_at: 0,
  ends_at: 0,
  state: 'planned',
  version: 1,
  classes: classes.map((class_id) => ({
    class_id,
    class_name: class_id,
    org_id: 'v',
    org_name: '教学点',
    classroom_id: 'x',
    period,
  })),
});

const week = (lessons: TimetableLessonView[]) => ({ lessons, days: [] });

it('hatches what is new in the draft and marks what is no more in it', () => {
  const drafts = [draft(1, ['k2', 'k1'], true), draft(2, ['k1'])];
  expect(draftCards(drafts, week([])).map(({ differs }) => differs)).toEqual([false, true]);
  const now = [today('a', 1, ['k1', 'k2']), today('b', 4, ['k1'])];
  expect(todayCards(week(now), drafts).map(({ key, differs }) => [key, differs])).toEqual([
    ['a', false],
    ['b', true],
  ]);
});

it('finds Monday’s lessons on the day that makes up for it', () => {
  const madeUp = {
    lessons: [{ ...today('a', 1, ['k1']), day: '2026-09-12' }],
    days: [{ day: '2026-09-12', kind: 'make_up' as const, follows_weekday: 1, name: '' }],
  };
  expect(draftCards([draft(1, ['k1'])], madeUp)[0]?.differs).toBe(false);
  expect(todayCards(madeUp, [draft(1, ['k1'])])[0]).toMatchObject({ weekday: 1, differs: false });
});

it('leaves out what is cancelled today', () => {
  expect(todayCards(week([{ ...today('a', 1, ['k1']), state: 'cancelled' }]), [])).toEqual([]);
});

it('finds everybody in it, and shows one alone', () => {
  const cards = draftCards([draft(1, ['k1']), draft(2, ['k2'])], week([]));
  const { teachers, classes } = whoIn(cards);
  expect(teachers).toEqual([{ value: 'p1', label: '李老师 · 中心小学' }]);
  expect(classes.map(({ value }) => value)).toEqual(['k1', 'k2']);
  expect(cards.filter((card) => concerns(card, 'k2'))).toHaveLength(1);
  expect(cards.filter((card) => concerns(card, null))).toHaveLength(2);
});
