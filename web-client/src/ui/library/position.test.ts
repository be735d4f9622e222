import { expect, it } from 'vitest';
import { readTime } from './position';

it('reads seconds and 1h2m3s, and nothing else', () => {
  expect(readTime('90')).toBe(90);
  expect(readTime('1h2m3s')).toBe(3723);
  expect(readTime('2m')).toBe(120);
  expect(readTime('')).toBeNull();
  expect(readTime('-5')).toBeNull();
  expect(readTime('x')).toBeNull();
  expect(readTime(null)).toBeNull();
});
