// Which lesson of the day is going on, and which comes next: pure.
import type { TodayLesson } from '../../protocol/types';

export type Moment = 'past' | 'now' | 'next' | 'later';

/** A lesson is going on from its beginning to its end, and while it is open; the first to come is next. */
export function momentsOf(lessons: readonly TodayLesson[], now: number): Map<string, Moment> {
  const moments = new Map<string, Moment>();
  let hasNext = false;
  for (const { lesson } of [...lessons].sort((a, b) => a.lesson.starts_at - b.lesson.starts_at)) {
    const isOff = lesson.state === 'cancelled';
    if (lesson.ends_at <= now || lesson.state === 'held' || lesson.state === 'missed') {
      moments.set(lesson.id, 'past');
    } else if (lesson.starts_at <= now && !isOff) moments.set(lesson.id, 'now');
    else if (!isOff && !hasNext) {
      hasNext = true;
      moments.set(lesson.id, 'next');
    } else moments.set(lesson.id, 'later');
  }
  return moments;
}

/** Whole minutes, at least one. */
export const minutesUntil = (at: number, now: number) => Math.max(1, Math.ceil((at - now) / 60_000));
