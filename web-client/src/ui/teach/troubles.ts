// Which rooms cannot be heard or cannot hear: pure, from the lesson as it stands.
import type { LessonView, Participant } from '../../protocol/types';
import { classroomsOf } from '../../session/state';

export interface Trouble {
  participant: string;
  name: string;
  kind: 'cannot_hear_us' | 'cannot_be_heard';
}

/** Rooms that were never here are not in trouble, they are only not here yet. */
export function troublesOf(lesson: LessonView): Trouble[] {
  return classroomsOf(lesson).flatMap((room: Participant): Trouble[] => {
    const { id: participant, name } = room;
    if (room.link.level === 'lost') return [{ participant, name, kind: 'cannot_hear_us' }];
    if (room.present && !room.muted && !room.publishing.includes('microphone')) {
      return [{ participant, name, kind: 'cannot_be_heard' }];
    }
    return [];
  });
}

/** What lasts: a room that just came in is still opening its microphone. Keeps since when each trouble is known. */
export function lastingTroubles(
  now: Trouble[],
  since: Map<string, number>,
  nowMs: number,
  lastsMs: number,
): Trouble[] {
  const key = (trouble: Trouble) => `${trouble.participant} ${trouble.kind}`;
  const present = new Set(now.map(key));
  for (const known of [...since.keys()]) if (!present.has(known)) since.delete(known);
  for (const trouble of now) if (!since.has(key(trouble))) since.set(key(trouble), nowMs);
  return now.filter((trouble) => nowMs - (since.get(key(trouble)) ?? nowMs) >= lastsMs);
}
