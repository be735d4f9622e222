import { expect, it } from 'vitest';
import { addressOf, areDays, readAbsence, requestOf } from './absence';

const read = (search: string) => readAbsence(new URLSearchParams(search), '2026-11-30');

it('reads an absence from the address and writes it back', () => {
  const absence = read('teacher=per-li&from=2026-12-01&to=2026-12-02&periods=3,1,x,99,3');
  expect(absence).toEqual({
    by: 'teacher',
    id: 'per-li',
    from: '2026-12-01',
    to: '2026-12-02',
    periods: [1, 3],
    reason: null,
  });
  expect(addressOf(absence)).toMatchObject({ teacher: 'per-li', classroom: null, periods: '1,3' });
  expect(requestOf(absence, '病假')).toEqual({
    teacher_id: 'per-li',
    from: '2026-12-01',
    to: '2026-12-02',
    periods: [1, 3],
    reason: '病假',
  });
});

it('is about today and the whole day unless the address says more', () => {
  expect(read('')).toMatchObject({
    by: 'teacher',
    id: null,
    from: '2026-11-30',
    to: '2026-11-30',
    periods: [],
  });
  expect(read('classroom=room-1')).toMatchObject({ by: 'classroom', id: 'room-1' });
  expect(read('from=2026-12-05').to).toBe('2026-12-05');
});

it('asks nothing of days the server would not take', () => {
  expect(areDays(read('from=2026-12-05&to=2026-12-04'))).toBe(false);
  expect(areDays(read('from=2026-12-01&to=2026-12-15'))).toBe(true);
  expect(requestOf(read('teacher=a&from=2026-12-01&to=2026-12-16'), '')).toBeNull();
});
