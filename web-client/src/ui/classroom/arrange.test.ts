import { expect, it } from 'vitest';
import type { LessonView, Participant, Source } from '../../protocol/types';
import { arrange } from './arrange';

const participant = (id: string, role: Participant['role'], publishing: Source[]): Participant => ({
  id,
  role,
  name: id,
  present: true,
  publishing,
  muted: false,
  link: { level: 'good' },
});
const lesson = (publishing: Source[], stage: string | null = null): LessonView => ({
  id: 'l',
  title: 't',
  state: 'live',
  video_codec: 'h264',
  record: true,
  recording: 'on',
  on_stage: stage,
  participants: [
    participant('t', 'teacher', publishing),
    participant('a', 'classroom', ['camera']),
    participant('b', 'classroom', ['camera']),
  ],
});

it('waits while there is nothing to see', () => {
  expect(arrange(null, 'a')).toBe('waiting');
  expect(arrange(lesson(['microphone']), 'a')).toBe('waiting');
  expect(arrange({ ...lesson(['camera']), state: 'ended' }, 'a')).toBe('waiting');
});

it('gives the board the room when there is one', () => {
  expect(arrange(lesson(['camera']), 'a')).toBe('teacher');
  expect(arrange(lesson(['camera', 'board']), 'a')).toBe('board');
});

it('shows who is on stage, and the class itself from its own camera', () => {
  expect(arrange(lesson(['camera'], 'a'), 'a')).toBe('teacher_self');
  expect(arrange(lesson(['camera', 'board'], 'b'), 'a')).toBe('board_other');
  expect(arrange(lesson(['camera'], 'gone'), 'a')).toBe('teacher');
});
