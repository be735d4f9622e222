// What keeps the lesson from being recorded: what happened, what it means for the lesson, what to do. And since when.
import type { LessonView, RecordingAlarm } from '../../protocol/types';
import { words } from '../../words/language';

type Says = {
  [Code in RecordingAlarm['code']]: (alarm: Extract<RecordingAlarm, { code: Code }>) => string;
};

const says = words<Says>(
  {
    disk_nearly_full: ({ free_mb, min_mb }) =>
      `录制停了：录像的磁盘快满了，只剩 ${free_mb} MB，至少要 ${min_mb} MB。课还在继续。请技术人员腾出空间，录制会自己接着录。`,
    disk_full: () => '录制停了：录像的磁盘满了。课还在继续。请技术人员腾出空间，录制会自己接着录。',
    disk_failing: () => '录制停了：录像的磁盘出错。课还在继续，但现在录不下来。请技术人员检查磁盘。',
    media_server_away: () =>
      '还没有录上：录像服务接不到声音和画面。课还在继续。它会自己再试；如果一直这样，请找技术人员。',
    recorder_away: () =>
      '还没有录上：录像服务没有运行。课还在继续。它会自己恢复；如果一直这样，请找技术人员。',
    recorder_busy: () =>
      '还没有录上：同时录制的课太多了。课还在继续。别的课下课后会自己开始录；急用请找技术人员。',
  },
  {
    disk_nearly_full: ({ free_mb, min_mb }) =>
      `Recording has stopped: the disk is nearly full, ${free_mb} MB are left of the ${min_mb} MB it needs. The lesson goes on. Ask IT to make room; recording then goes on by itself.`,
    disk_full: () =>
      'Recording has stopped: the disk is full. The lesson goes on. Ask IT to make room; recording then goes on by itself.',
    disk_failing: () =>
      'Recording has stopped: the disk fails. The lesson goes on, but nothing of it is kept now. Ask IT to look at the disk.',
    media_server_away: () =>
      'Not recording yet: the recorder gets no sound and picture. The lesson goes on. It tries again by itself; if this stays, ask IT.',
    recorder_away: () =>
      'Not recording yet: the recorder is not running. The lesson goes on. It comes back by itself; if this stays, ask IT.',
    recorder_busy: () =>
      'Not recording yet: too many lessons are being recorded. The lesson goes on. Recording begins when another lesson ends; if it is urgent, ask IT.',
  },
);

/** The alarm as a sentence; one that this page does not know yet in the server's own words. */
export function recordingWords(alarm: RecordingAlarm): string {
  const say = says[alarm.code] as ((alarm: RecordingAlarm) => string) | undefined;
  return say?.(alarm) ?? alarm.text;
}

/** A recording that does not begin is in trouble once that lasts this long: programs are restarted within seconds. */
export const BEGINS_WITHIN_MS = 4_000;

/** Looks at the lesson again and again. A recording that has stopped is told at once. */
export class AlarmWatch {
  private since: { code: string; atMs: number } | null = null;

  look(lesson: LessonView, nowMs: number): RecordingAlarm | null {
    const alarm = lesson.recording_alarm ?? null;
    if (alarm === null || lesson.recording === 'failed') {
      this.since = null;
      return alarm;
    }
    if (this.since?.code !== alarm.code) this.since = { code: alarm.code, atMs: nowMs };
    return nowMs - this.since.atMs >= BEGINS_WITHIN_MS ? alarm : null;
  }
}
