// Is the lesson being recorded? A light with a word; a press turns it on or off.
import type { LessonView } from '../../protocol/types';
import type { ShownRecording } from './record_state';
import { text } from './words';

const words: Record<ShownRecording, string> = {
  off: text.recordOff,
  starting: text.recordStarting,
  on: text.recordOn,
  failed: text.recordFailed,
  missing: text.recordMissing,
};

interface Props {
  lesson: LessonView;
  shown: ShownRecording;
  toggle(): void;
}

export function RecordLight({ lesson, shown: recording, toggle }: Props) {
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
