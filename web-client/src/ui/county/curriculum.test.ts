import { expect, it } from 'vitest';
import { matrixOf, rowsOf, sumOf, withPeriods } from './curriculum';

const rows = [
  { subject: '音乐', grade: 3, weekly_periods: 2 },
  { subject: '美术', grade: 3, weekly_periods: 1 },
  { subject: '音乐', grade: 4, weekly_periods: 2 },
];

it('comes back as it went in', () => {
  const back = rowsOf(matrixOf(rows));
  expect(back).toHaveLength(3);
  for (const row of rows) expect(back).toContainEqual(row);
  expect(sumOf(matrixOf(rows), 3)).toBe(3);
});

it('drops what has no periods and leaves the one before untouched', () => {
  const before = matrixOf(rows);
  const after = withPeriods(before, '美术', 3, 0);
  expect(rowsOf(after)).toHaveLength(2);
  expect(rowsOf(before)).toHaveLength(3);
});
