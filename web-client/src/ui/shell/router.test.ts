import { expect, it } from 'vitest';
import { readRoute } from './router';

it('reads the secret of a link, also one that a hand has broken', () => {
  expect(readRoute('/teach', '#t.abc%2B')).toEqual({ page: 'teach', credential: 't.abc+' });
  expect(readRoute('/setup', '#%')).toEqual({ page: 'setup', secret: '%' });
});

it('goes on with the link this tab remembers, and prefers the one in the address', () => {
  expect(readRoute('/teach', '', 'kept')).toEqual({ page: 'teach', credential: 'kept' });
  expect(readRoute('/teach', '#new', 'kept')).toEqual({ page: 'teach', credential: 'new' });
  expect(readRoute('/teach', '')).toEqual({ page: 'teach', credential: null });
});

it('knows every address the server gives a page to', () => {
  for (const path of ['/', '/lessons', '/lessons/', '/lessons/l-1'])
    expect(readRoute(path, '').page).toBe('home');
  expect(readRoute('/library/', '').page).toBe('library');
  expect(readRoute('/library/res_1', '')).toEqual({ page: 'player', resource: 'res_1' });
  for (const page of ['county', 'timetable', 'plans', 'ledger', 'today', 'accounts', 'pairings'] as const)
    expect(readRoute(`/${page}`, '')).toEqual({ page });
  expect(readRoute('/timetable/terms', '')).toEqual({ page: 'terms' });
  expect(readRoute('/timetable/absent', '')).toEqual({ page: 'absent' });
  expect(readRoute('/plans/p_1', '')).toEqual({ page: 'plan', plan: 'p_1' });
  expect(readRoute('/sign-in', '#invitation.s')).toEqual({ page: 'sign-in', secret: 'invitation.s' });
  expect(readRoute('/constructor', '').page).toBe('unknown');
  expect(readRoute('/library/../etc', '').page).toBe('unknown');
});
