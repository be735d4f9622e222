import { expect, it } from 'vitest';
import { lesson } from '../../../dev/fixture';
import { lastingTroubles, troublesOf } from './troubles';

it('names a room that cannot hear and one that cannot be heard', () => {
  const silent = lesson({}, 4);
  const room = silent.participants[1];
  if (room !== undefined) room.publishing = ['camera'];
  expect(troublesOf(silent).map((trouble) => [trouble.participant, trouble.kind])).toEqual([
    ['room0', 'cannot_be_heard'],
    ['room3', 'cannot_hear_us'],
  ]);
});

it('does not name a room that is muted on purpose', () => {
  expect(troublesOf(lesson({}, 5)).some((trouble) => trouble.participant === 'room4')).toBe(false);
});

it('says nothing of a trouble that passes quickly, and forgets it', () => {
  const since = new Map<string, number>();
  const trouble = troublesOf(lesson({}, 4));
  expect(lastingTroubles(trouble, since, 0, 4000)).toEqual([]);
  expect(lastingTroubles([], since, 2000, 4000)).toEqual([]);
  expect(lastingTroubles(trouble, since, 3000, 4000)).toEqual([]);
  expect(lastingTroubles(trouble, since, 7000, 4000)).toEqual(trouble);
});
