import { expect, it } from 'vitest';
import { lesson } from '../../../dev/fixture';
import { codesOf, speaking } from '../../../dev/speaking';
import type { RecordingAlarm } from '../../protocol/types';

const load = () => import('./recording');
const nearlyFull: RecordingAlarm = {
  code: 'disk_nearly_full',
  free_mb: 80,
  min_mb: 1024,
  text: 'nearly full',
};
const away: RecordingAlarm = { code: 'recorder_away', text: 'no recorder is up' };

it('says every alarm of the server in both languages, that the lesson goes on, and what to do', async () => {
  const [zh, en] = [await speaking('zh', load), await speaking('en', load)];
  const codes = await codesOf('RecordingTrouble');
  expect(codes.length).toBeGreaterThan(3);
  for (const code of codes) {
    const alarm = { code, free_mb: 80, min_mb: 1024, text: '?' } as RecordingAlarm;
    expect(zh.recordingWords(alarm)).toMatch(/课还在继续.*技术人员/);
    expect(en.recordingWords(alarm)).toMatch(/lesson goes on.*IT/);
  }
  expect(zh.recordingWords(nearlyFull)).toContain('只剩 80 MB，至少要 1024 MB');
});

it('says an alarm that it does not know in the server’s words', async () => {
  const { recordingWords } = await speaking('zh', load);
  expect(recordingWords({ code: 'moon', text: 'the moon is full' } as unknown as RecordingAlarm)).toBe(
    'the moon is full',
  );
});

it('tells at once that recording has stopped, and that it does not begin once that lasts', async () => {
  const { AlarmWatch, BEGINS_WITHIN_MS } = await speaking('zh', load);
  const watch = new AlarmWatch();
  const stopped = lesson({ recording: 'failed', recording_alarm: nearlyFull });
  const waiting = lesson({ recording: 'starting', recording_alarm: away });
  expect(watch.look(stopped, 0)).toBe(nearlyFull);
  expect(watch.look(waiting, 1_000)).toBeNull();
  expect(watch.look(lesson(), 2_000)).toBeNull();
  expect(watch.look(waiting, 3_000)).toBeNull();
  expect(watch.look(waiting, 3_000 + BEGINS_WITHIN_MS)).toBe(away);
});
