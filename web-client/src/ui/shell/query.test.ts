import { expect, it } from 'vitest';
import { changed, numberIn } from './query';

it('changes what it is told and keeps the rest of the address', () => {
  expect(changed('?org=a&tab=classes', { tab: 'teachers', page: 2 })).toBe('?org=a&tab=teachers&page=2');
  expect(changed('?org=a', { org: null })).toBe('');
  expect(changed('', { q: '' })).toBe('');
});

it('reads numbers of an address that somebody may have typed', () => {
  const query = new URLSearchParams('week=7&bad=-1&word=x&far=31');
  expect(numberIn(query, 'week', 1, 30)).toBe(7);
  for (const name of ['bad', 'word', 'far', 'none']) expect(numberIn(query, name, 1, 30)).toBeNull();
});
