// What becomes of a lesson that is over. Pure.
import type { LessonView } from '../../protocol/types';

export type Afterwards = 'never_begun' | 'not_recorded' | 'processing' | 'failed' | 'ready';

export function afterwardsOf(lesson: LessonView): Afterwards {
  // Nothing was captured of a lesson that never began, whatever was asked for.
  if (lesson.started_at == null) return 'never_begun';
  switch (lesson.state) {
    case 'published':
      return 'ready';
    case 'failed':
      return 'failed';
    case 'processing':
      return 'processing';
    default:
      return lesson.record ? 'processing' : 'not_recorded';
  }
}
