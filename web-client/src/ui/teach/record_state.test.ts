import { expect, it } from 'vitest';
import { lesson } from '../../../dev/fixture';
import { RecordWatch } from './record_state';

const starting = lesson({ record: true, recording: 'starting' });

it('is not “about to record” for ever when the recorder is silent in a running lesson', () => {
  const watch = new RecordWatch();
  expect(watch.look(starting, null, 1_000)).toBe('starting');
  expect(watch.look(starting, null, 15_900)).toBe('starting');
  expect(watch.look(starting, null, 16_000)).toBe('missing');
  expect(watch.look(lesson({ recording: 'on' }), null, 17_000)).toBe('on');
  expect(watch.look(starting, null, 18_000)).toBe('starting');
});

it('agrees with the alarm beside it', () => {
  const alarm = { code: 'recorder_away', text: '' } as const;
  expect(new RecordWatch().look(starting, alarm, 0)).toBe('missing');
  expect(new RecordWatch().look(lesson({ recording: 'failed' }), alarm, 0)).toBe('failed');
});

it('waits calmly before the lesson begins and in a break, and says nothing where nothing is to be recorded', () => {
  for (const view of [
    lesson({ state: 'open', recording: 'off' }),
    lesson({ state: 'paused', recording: 'off' }),
    lesson({ record: false, recording: 'off' }),
  ]) {
    const watch = new RecordWatch();
    watch.look(view, null, 0);
    expect(watch.look(view, null, 60_000)).toBe(view.record ? 'starting' : 'off');
  }
});
