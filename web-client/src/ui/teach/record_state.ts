// What the record light shows: the server's word, and the truth when nothing comes of it.
import type { LessonView, RecordingAlarm } from '../../protocol/types';

/** A recorder is ready within seconds, also one that was started again. Then its silence is an alarm of its own. */
const SILENCE_MS = 15_000;

export type ShownRecording =
  | LessonView['recording']
  /** It is to be recorded, and is not. */
  | 'missing';

export class RecordWatch {
  private waitsSinceMs: number | null = null;

  /** `alarm` is what the teacher is told of already. */
  look(lesson: LessonView, alarm: RecordingAlarm | null, nowMs: number): ShownRecording {
    const { record, state, recording } = lesson;
    const waits = record && state === 'live' && recording !== 'on' && recording !== 'failed';
    if (!waits) this.waitsSinceMs = null;
    else this.waitsSinceMs ??= nowMs;
    const silent = this.waitsSinceMs !== null && nowMs - this.waitsSinceMs >= SILENCE_MS;
    if (waits && (alarm !== null || silent)) return 'missing';
    // Asked for but not running: before the lesson begins and in a break.
    return record && recording === 'off' ? 'starting' : recording;
  }
}
