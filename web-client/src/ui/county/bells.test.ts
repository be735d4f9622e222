import { expect, it } from 'vitest';
import type { OrgView } from '../../protocol/types';
import { bellsOf, nextPeriod } from './bells';

it('finds a school’s own bell times, or those of the nearest place above', () => {
  const place = (id: string, parent: string | null, bell: string | null): OrgView => ({
    id,
    kind: parent === null ? 'county' : 'school',
    code: id,
    name: id,
    lessons_at_once: 1,
    ...(parent === null ? {} : { parent_id: parent }),
    ...(bell === null ? {} : { bell_schedule_id: bell }),
  });
  const bells = ['b1', 'b2'].map((id) => ({ id, org_id: 'c', name: id, periods: [] }));
  const orgs = [place('c', null, 'b1'), place('s1', 'c', 'b2'), place('s2', 'c', null)];
  expect(bellsOf(orgs, bells, 's1')?.id).toBe('b2');
  expect(bellsOf(orgs, bells, 's2')?.id).toBe('b1');
  expect(bellsOf([place('s2', 'c', null)], bells, 's2')).toBeNull();
});

it('offers the next period after a break', () => {
  expect(nextPeriod([])).toEqual({ starts: '08:20', ends: '09:00' });
  expect(nextPeriod([{ ends: '09:00' }])).toEqual({ starts: '09:10', ends: '09:50' });
  expect(nextPeriod([{ ends: 'x' }])).toEqual({ starts: '08:20', ends: '09:00' });
});
