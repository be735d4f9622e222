import { expect, it } from 'vitest';
import type { PairedClass } from '../../protocol/types';
import { concernsOf, keptOf, missedOf } from './kept';

const group = (class_id: string, missed: number): PairedClass => ({
  class_id,
  class_name: class_id,
  org_id: 'o',
  org_name: '',
  delivered: 0,
  missed,
  planned: 0,
});

it('is kept while no class misses a lesson', () => {
  expect(keptOf({ held: 3, missed: 0, classes: [group('a', 0)] })).toBe('kept');
  expect(keptOf({ held: 0, missed: 0, classes: [group('a', 0)] })).toBe('waiting');
  // Held, but one class was not in it.
  expect(keptOf({ held: 3, missed: 0, classes: [group('a', 0), group('b', 1)] })).toBe('missed');
  expect(missedOf({ missed: 1, classes: [group('a', 1), group('b', 3)] })).toBe(3);
});

it('finds the pairings of a teacher, a class, or one alone', () => {
  const pairing = { id: 'p', teacher_id: 't', classes: [group('a', 0)] };
  expect(concernsOf(pairing, {})).toBe(true);
  expect(concernsOf(pairing, { teacher: 't', group: 'a' })).toBe(true);
  expect(concernsOf(pairing, { group: 'b' })).toBe(false);
  expect(concernsOf(pairing, { pairing: 'q' })).toBe(false);
});
