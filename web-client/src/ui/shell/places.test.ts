import { expect, it } from 'vitest';
import { firstPlaceFor, placesFor } from './places';

it('shows each person the pages they may use and no others', () => {
  const to = (session: Parameters<typeof placesFor>[0]) => placesFor(session).map((place) => place.to);
  expect(to({ role: 'none', acts: [] })).toEqual(['/', '/library']);
  expect(to({ role: 'account', acts: ['read_county'] })).toEqual([
    '/today',
    '/timetable',
    '/pairings',
    '/ledger',
    '/county',
    '/',
    '/library',
  ]);
  expect(to({ role: 'admin', acts: ['read_county', 'schedule', 'read_accounts'] })).not.toContain('/today');
});

it('begins with the week for who schedules, with the day for others', () => {
  expect(firstPlaceFor({ role: 'account', acts: ['read_county', 'schedule'] })?.to).toBe('/timetable');
  expect(firstPlaceFor({ role: 'account', acts: ['read_county'] })?.to).toBe('/today');
});
