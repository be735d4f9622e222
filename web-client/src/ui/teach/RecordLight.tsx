// Is the lesson being recorded? A light with a word; a press turns it on or off.
import type { LessonView } from '../../protocol/types';
import { text } from './words';

const words: Record<LessonView['recording'], string> = {
  off: text.recordOff,
  starting: text.recordStarting,
  on: text.recordOn,
  failed: text.recordFailed,
};

export function RecordLight({ lesson, toggle }: { lesson: LessonView; toggle(): void }) {
  // Asked for but not running: before the lesson begins and in a break.
  const recording = lesson.record && lesson.recording === 'off' ? 'starting' : lesson.recording;
  const what = lesson.record ? text.stopRecording : text.startRecording;
  return (
    <button
      type="button"
      className={`record record-${recording}`}
      onClick={toggle}
      title={`${what} (R)`}
      aria-label={`${words[recording]}. ${what}`}
      data-testid="record"
      data-recording={recording}
    >
      <i aria-hidden="true" />
      {words[recording]}
    </button>
  );
}
