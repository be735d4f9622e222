import { expect, it } from 'vitest';
import type { TimetableLessonView, WeekView } from '../../protocol/types';
import { cellKey, cellsOf, columnsOf, masterPeriod, periodIn, rowsOf, withChanged } from './grid';

const lesson = (changes: Partial<TimetableLessonView> = {}): TimetableLessonView => ({
  id: 'l1',
  term_id: 't',
  kind: 'delivery',
  title: '三年级音乐',
  subject: '音乐',
  grade: 3,
  org_id: 'centre',
  org_name: '中心小学',
  teacher_id: 'p1',
  teacher_name: '李老师',
  classroom_id: 'studio',
  classroom_name: '录播室',
  day: '2026-09-02',
  week: 1,
  period: 3,
  starts_at: 1_000,
  ends_at: 2_000,
  state: 'planned',
  version: 1,
  classes: [
    {
      class_id: 'k1',
      class_name: '三（1）班',
      org_id: 'village',
      org_name: '河口教学点',
      classroom_id: 'room1',
      period: 2,
    },
  ],
  ...changes,
});

const week = (changes: Partial<WeekView> = {}): WeekView => ({
  term: { id: 't', org_id: 'c', name: '', first_day: '2026-08-31', weeks: 20, days: [] },
  week: 1,
  monday: '2026-08-31',
  lessons: [],
  is_cut: false,
  ...changes,
});

it('shows a day of the weekend only when something happens on it', () => {
  expect(columnsOf(week())).toHaveLength(5);
  const saturday = columnsOf(week({ lessons: [lesson({ day: '2026-09-05' })] }));
  expect(saturday.map(({ weekday }) => weekday)).toEqual([1, 2, 3, 4, 5, 6]);
  const days = [
    { day: '2026-09-06', kind: 'make_up' as const, follows_weekday: 4, name: '补周四' },
    { day: '2026-09-03', kind: 'holiday' as const, name: '放假' },
  ];
  const special = columnsOf(week({ term: { ...week().term, days } }));
  expect(special.find(({ weekday }) => weekday === 4)?.holiday).toBe('放假');
  expect(special.at(-1)).toMatchObject({ weekday: 7, follows: 4 });
});

it('puts a lesson into the row of whoever’s week it is', () => {
  const one = lesson();
  expect(periodIn(one, { by: 'teacher', id: 'p1' })).toBe(3);
  expect(periodIn(one, { by: 'class', id: 'k1' })).toBe(2);
  expect(periodIn(one, { by: 'classroom', id: 'room1' })).toBe(2);
  expect(periodIn(one, { by: 'classroom', id: 'studio' })).toBe(3);
  expect(periodIn(one, { by: 'org', id: 'village' }, new Set(['village']))).toBe(2);
  expect(periodIn(one, { by: 'org', id: 'c' }, new Set(['c', 'centre', 'village']))).toBe(3);
});

it('orders a cell by time', () => {
  const cells = cellsOf([lesson({ id: 'b', starts_at: 2_000 }), lesson({ id: 'a' })], ({ period }) => period);
  expect(cells.get(cellKey('2026-09-02', 3))?.map(({ id }) => id)).toEqual(['a', 'b']);
});

const bell = (id: string, shift: number) => ({
  id,
  org_id: 'c',
  name: id,
  periods: [1, 2, 3].map((period) => ({
    period,
    starts_min: 480 + (period - 1) * 50 + shift,
    ends_min: 520 + (period - 1) * 50 + shift,
  })),
});

it('rules the week by the bell times of all schools in view, and has a row for every lesson', () => {
  const rows = rowsOf([bell('a', 0), bell('b', 10)], [5]);
  expect(rows).toHaveLength(5);
  expect(rows[0]).toEqual({ period: 1, starts: { from: 480, to: 490 }, ends: { from: 520, to: 530 } });
  expect(rows[4]).toEqual({ period: 5, starts: null, ends: null });
  expect(rowsOf([], [])).toEqual([]);
});

it('finds the master school’s period that a receiving school’s row means', () => {
  const [first, second] = rowsOf([bell('village', 45)], []);
  // The village's first period begins 45 minutes later: it is the centre's second.
  expect(first && masterPeriod(first, bell('centre', 0))).toBe(2);
  expect(second && masterPeriod(second, bell('centre', 0))).toBe(3);
  expect(first && masterPeriod(first, null)).toBe(1);
});

it('takes changes into the week, and out of it', () => {
  const before = week({ lessons: [lesson(), lesson({ id: 'l2' })] });
  const moved = withChanged(before, [lesson({ period: 5, version: 2 }), lesson({ id: 'l2', week: 2 })]);
  expect(moved.lessons.map(({ id, period }) => [id, period])).toEqual([['l1', 5]]);
  expect(withChanged(before, [lesson({ id: 'new' })]).lessons).toHaveLength(3);
});
