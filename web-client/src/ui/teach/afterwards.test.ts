import { expect, it } from 'vitest';
import { lesson } from '../../../dev/fixture';
import { afterwardsOf } from './afterwards';

it('promises no recording of a lesson that never began', () => {
  expect(afterwardsOf(lesson({ state: 'ended', started_at: null, record: true }))).toBe('never_begun');
});

it('says what becomes of a lesson that was taught', () => {
  expect(afterwardsOf(lesson({ state: 'ended', record: true }))).toBe('processing');
  expect(afterwardsOf(lesson({ state: 'ended', record: false }))).toBe('not_recorded');
  expect(afterwardsOf(lesson({ state: 'processing', record: false }))).toBe('processing');
  expect(afterwardsOf(lesson({ state: 'failed' }))).toBe('failed');
  expect(afterwardsOf(lesson({ state: 'published' }))).toBe('ready');
});
