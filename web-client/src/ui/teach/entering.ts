// Does a page go into the lesson by itself, and if not, what does its one button say? Pure.
import type { LessonView } from '../../protocol/types';
import { hasMedia, teacherOf } from '../../session/state';

export type Door =
  /** The lesson has not begun: one press begins it. */
  | 'begin'
  /** It runs and no page teaches it (the teacher's machine broke down): one press goes on. */
  | 'go_on'
  /** Another page teaches it. Entering takes the lesson away there, so nobody does it by accident. */
  | 'elsewhere';

export function doorOf(lesson: LessonView): Door {
  if (lesson.state !== 'live' && lesson.state !== 'paused') return 'begin';
  return (teacherOf(lesson)?.publishing.length ?? 0) > 0 ? 'elsewhere' : 'go_on';
}

/** A page that is loaded again in the middle of its lesson is back without a press. */
export function returnsByItself(lesson: LessonView, taughtHere: boolean): boolean {
  return taughtHere && hasMedia(lesson) && lesson.state !== 'open';
}
