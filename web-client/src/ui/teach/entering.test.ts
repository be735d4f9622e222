import { expect, it } from 'vitest';
import { lesson } from '../../../dev/fixture';
import { doorOf, returnsByItself } from './entering';

const quiet = lesson({}, 0);
for (const one of quiet.participants) one.publishing = [];

it('never takes a lesson away from a page that teaches it without being asked', () => {
  expect(doorOf(lesson())).toBe('elsewhere');
  expect(doorOf(lesson({ state: 'paused' }))).toBe('elsewhere');
  expect(returnsByItself(lesson(), false)).toBe(false);
});

it('goes on with a lesson whose teacher’s machine broke down', () => {
  expect(doorOf(quiet)).toBe('go_on');
});

it('begins what has not begun', () => {
  expect(doorOf(lesson({ state: 'open' }))).toBe('begin');
  expect(returnsByItself(lesson({ state: 'open' }), true)).toBe(false);
});

it('is back by itself where it was taught before a reload', () => {
  expect(returnsByItself(lesson(), true)).toBe(true);
  expect(returnsByItself(lesson({ state: 'ended' }), true)).toBe(false);
});
