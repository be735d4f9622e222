// Which pictures a classroom screen shows and how large: pure, from the lesson as it stands.
import type { LessonView } from '../../protocol/types';
import { hasMedia, participantOf, teacherOf } from '../../session/state';

/** The screen's arrangement; each is a grid in classroom.css. */
export type Layout =
  /** No picture to show: name, clock, self-check. */
  | 'waiting'
  /** The teacher fills the screen. */
  | 'teacher'
  /** Teacher and our own class, side by side. */
  | 'teacher_self'
  /** Teacher and another class, side by side. */
  | 'teacher_other'
  /** The board large, the teacher lower right. */
  | 'board'
  | 'board_self'
  | 'board_other';

export function arrange(lesson: LessonView | null, you: string | null): Layout {
  if (lesson === null || !hasMedia(lesson)) return 'waiting';
  const teacher = teacherOf(lesson);
  const board = teacher?.publishing.includes('board') ?? false;
  const camera = teacher?.publishing.includes('camera') ?? false;
  if (!board && !camera) return 'waiting';
  const main = board ? 'board' : 'teacher';
  if (lesson.on_stage == null) return main;
  if (lesson.on_stage === you) return `${main}_self`;
  return participantOf(lesson, lesson.on_stage) === null ? main : `${main}_other`;
}

/** What stands on the screen, and whether it is only still there. */
export interface Shown {
  /** The lesson it belongs to. */
  lesson: string | null;
  layout: Layout;
  /** Has the teacher's camera a place? */
  camera: boolean;
  /** Nothing comes from the teacher in a running lesson: what was last seen stays. */
  teacherMissing: boolean;
}

export const nothingShown: Shown = { lesson: null, layout: 'waiting', camera: false, teacherMissing: false };

/**
 * The arrangement that follows `before`. While a lesson runs, a picture that was there is not taken away because its
 * sender (the teacher's network, the media server) is gone for a while: pupils look at the last slide.
 */
export function arrangeNext(before: Shown, lesson: LessonView | null, you: string | null): Shown {
  const layout = arrange(lesson, you);
  const running = lesson !== null && (lesson.state === 'live' || lesson.state === 'paused');
  if (layout === 'waiting' && running && before.lesson === lesson.id && before.layout !== 'waiting') {
    return { ...before, teacherMissing: true };
  }
  const camera = (lesson === null ? null : teacherOf(lesson))?.publishing.includes('camera') ?? false;
  return { lesson: lesson?.id ?? null, layout, camera, teacherMissing: false };
}
