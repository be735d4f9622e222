import { expect, it } from 'vitest';
import type { LessonView, Participant, Source } from '../../protocol/types';
import { arrange, arrangeNext, nothingShown } from './arrange';

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

it('keeps the last slide while nothing comes from the teacher of a running lesson', () => {
  const slide = arrangeNext(nothingShown, lesson(['camera', 'board'], 'b'), 'a');
  expect(slide).toMatchObject({ layout: 'board_other', camera: true, teacherMissing: false });
  const gone = arrangeNext(slide, lesson([], 'b'), 'a');
  expect(gone).toEqual({ ...slide, teacherMissing: true });
  expect(arrangeNext(gone, { ...lesson(['microphone']), state: 'paused' }, 'a')).toEqual(gone);
  expect(arrangeNext(gone, lesson(['camera']), 'a')).toMatchObject({
    layout: 'teacher',
    teacherMissing: false,
  });
});

it('keeps nothing of a lesson that is over, and nothing for the next one', () => {
  const slide = arrangeNext(nothingShown, lesson(['camera', 'board']), 'a');
  expect(arrangeNext(slide, { ...lesson([]), state: 'ended' }, 'a').layout).toBe('waiting');
  expect(arrangeNext(slide, null, null).layout).toBe('waiting');
  expect(arrangeNext(slide, { ...lesson([]), id: 'next' }, 'a').layout).toBe('waiting');
});

it('waits for a teacher who was never there', () => {
  expect(arrangeNext(nothingShown, lesson([]), 'a')).toMatchObject({
    layout: 'waiting',
    teacherMissing: false,
  });
});
