import { expect, it } from 'vitest';
import type { TimetableState, TodayLesson } from '../../protocol/types';
import { minutesUntil, momentsOf } from './day_order';

const lesson = (id: string, starts_at: number, state: TimetableState = 'planned'): TodayLesson => ({
  can_start: false,
  lesson: {
    id,
    term_id: 't',
    kind: 'delivery',
    title: id,
    subject: '音乐',
    grade: 3,
    org_id: 'o',
    org_name: '',
    teacher_id: 'p',
    teacher_name: '',
    classroom_id: 'r',
    classroom_name: '',
    day: '2026-11-27',
    week: 1,
    period: 1,
    starts_at,
    ends_at: starts_at + 40,
    state,
    version: 1,
    classes: [],
  },
});

it('knows what is going on and what comes next', () => {
  const day = [lesson('c', 200), lesson('a', 0), lesson('b', 100), lesson('d', 300)];
  expect(Object.fromEntries(momentsOf(day, 110))).toEqual({ a: 'past', b: 'now', c: 'next', d: 'later' });
});

it('never calls a cancelled lesson the next one', () => {
  const day = [lesson('a', 100, 'cancelled'), lesson('b', 200)];
  expect(Object.fromEntries(momentsOf(day, 50))).toEqual({ a: 'later', b: 'next' });
  expect(momentsOf(day, 110).get('a')).toBe('later');
});

it('rounds minutes up', () => {
  expect(minutesUntil(60_001, 0)).toBe(2);
  expect(minutesUntil(1, 0)).toBe(1);
});
