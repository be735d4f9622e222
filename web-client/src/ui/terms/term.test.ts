import { expect, it } from 'vitest';
import type { TermView } from '../../protocol/types';
import { lastDay, mondayOf, presentTerm, weekOf, weeksWords, withHoliday, withMakeUp } from './term';

const term = (id: string, first_day: string, weeks = 20): TermView => ({
  id,
  org_id: 'c',
  name: id,
  first_day,
  weeks,
  days: [],
});

it('knows the week of a day, also outside the term', () => {
  const autumn = term('a', '2026-08-31');
  expect(weekOf(autumn, '2026-08-31')).toBe(1);
  expect(weekOf(autumn, '2026-09-06')).toBe(1);
  expect(weekOf(autumn, '2026-09-07')).toBe(2);
  expect(weekOf(autumn, '2026-01-01')).toBe(1);
  expect(weekOf(autumn, '2027-07-01')).toBe(20);
  expect(mondayOf(autumn, 2)).toBe('2026-09-07');
  expect(lastDay(autumn)).toBe('2027-01-17');
});

it('opens the term that runs, or the next, or the last', () => {
  const terms = [term('spring', '2027-02-22'), term('autumn', '2026-08-31')];
  expect(presentTerm(terms, '2026-11-28')?.id).toBe('autumn');
  expect(presentTerm(terms, '2027-02-01')?.id).toBe('spring');
  expect(presentTerm(terms, '2028-01-01')?.id).toBe('spring');
  expect(presentTerm([], '2026-11-28')).toBeNull();
});

it('says weeks in runs', () => {
  expect(weeksWords([3, 1, 2, 5, 5])).toBe('1–3, 5');
  expect(weeksWords([])).toBe('');
});

it('puts whole holidays and make-up days in, in order, one thing a day', () => {
  const made = withMakeUp([], '2026-10-03', 4, '补周四');
  const days = withHoliday(made, '2026-10-01', '2026-10-03', '国庆节');
  expect(days.map(({ day, kind }) => `${day} ${kind}`)).toEqual([
    '2026-10-01 holiday',
    '2026-10-02 holiday',
    '2026-10-03 holiday',
  ]);
  expect(withMakeUp(days, '2026-10-03', 5, '补课').at(-1)).toMatchObject({
    kind: 'make_up',
    follows_weekday: 5,
  });
  expect(withHoliday([], '2026-10-03', '2026-10-01', 'x')).toEqual([]);
});
