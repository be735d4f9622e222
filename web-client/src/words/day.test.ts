import { expect, it } from 'vitest';
import {
  clockOf,
  daysBetween,
  dayWords,
  minuteOf,
  plusDays,
  shanghaiDay,
  shanghaiHour,
  weekdayOf,
} from './day';

it('counts days through months and leap years, whatever the browser’s time zone is', () => {
  expect(plusDays('2026-08-31', 1)).toBe('2026-09-01');
  expect(plusDays('2028-03-01', -1)).toBe('2028-02-29');
  expect(daysBetween('2026-08-31', '2026-09-14')).toBe(14);
  expect(weekdayOf('2026-08-31')).toBe(1);
  expect(weekdayOf('2026-11-29')).toBe(7);
});

it('knows the day in Shanghai on both sides of its midnight', () => {
  expect(shanghaiDay(1_795_795_200_000)).toBe('2026-11-28');
  expect(shanghaiDay(1_795_795_200_000 - 1)).toBe('2026-11-27');
  expect([shanghaiHour(1_795_795_200_000), shanghaiHour(1_795_795_200_000 - 1)]).toEqual([0, 23]);
});

it('reads times of day as hands write them', () => {
  expect(minuteOf('8:05')).toBe(485);
  expect(minuteOf(' 14：30 ')).toBe(870);
  for (const bad of ['24:00', '8', '8:60', '']) expect(minuteOf(bad)).toBeNull();
  expect(clockOf(485)).toBe('08:05');
});

it('says a day as people say it', () => {
  expect(['11月30日（周一）', 'Mon 30 Nov']).toContain(dayWords('2026-11-30'));
});
