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
