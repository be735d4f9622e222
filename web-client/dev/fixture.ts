// A lesson and a library as a server would tell them; the look script and tests show pages with it.
import type { LessonAccess, LessonView, Participant, ResourceView } from '../src/protocol/types';

const MINUTE = 60_000;

export const now = Date.now();

const rooms: [string, Participant['link']['level'], Partial<Participant>][] = [
  ['河口教学点 三年级', 'good', { hand_raised_at: now - 9_000, last_on_stage_at: now - 12 * MINUTE }],
  ['石桥小学 三(1)班', 'good', { last_on_stage_at: now - 4 * MINUTE }],
  ['青山教学点 二、三年级', 'weak', { hand_raised_at: now - 4_000 }],
  ['Longtan Central Primary School, Grade 3 Class 2', 'lost', { present: false, publishing: [] }],
  ['白沙小学 三年级', 'good', { muted: true }],
  ['云峰教学点', 'unknown', { publishing: ['microphone'] }],
];

export function participants(count: number): Participant[] {
  const teacher: Participant = {
    id: 'teacher',
    role: 'teacher',
    name: '李老师',
    present: true,
    publishing: ['camera', 'microphone'],
    muted: false,
    link: { level: 'good', rtt_ms: 12, loss_percent: 0 },
  };
  const classrooms = Array.from({ length: count }, (_, index): Participant => {
    const [name, level, rest] = rooms[index % rooms.length] ?? ['?', 'good', {}];
    return {
      id: `room${index}`,
      role: 'classroom',
      name: index < rooms.length ? name : `${name} ${index}`,
      device_id: `device${index}`,
      present: true,
      publishing: ['camera', 'microphone'],
      muted: false,
      link: { level, rtt_ms: 40, loss_percent: level === 'weak' ? 6 : 0 },
      ...rest,
    };
  });
  return [teacher, ...classrooms];
}

export function lesson(changes: Partial<LessonView> = {}, classrooms = 3): LessonView {
  return {
    id: 'lesson1',
    title: '三年级音乐：茉莉花',
    state: 'live',
    video_codec: 'h264',
    started_at: now - 17 * MINUTE,
    participants: participants(classrooms),
    record: true,
    recording: 'on',
    code: '472916',
    ...changes,
  };
}

export const access = (view: LessonView): LessonAccess => ({
  lesson: view,
  teacher_url: 'https://10.20.0.15:8443/teach#k3yf0rt3ach3r',
  teacher_credential: 'k3yf0rt3ach3r',
  code: view.code ?? '',
  classroom_url: 'https://10.20.0.15:8443/classroom',
});

const job = (changes: Partial<ResourceView['job']>): ResourceView['job'] => ({
  id: 'job1',
  state: 'done',
  percent: 100,
  attempts: 1,
  ...changes,
});

export const resources: ResourceView[] = [
  {
    id: 'res1',
    lesson_id: 'lesson0',
    recording_id: 'rec0',
    title: '三年级音乐：茉莉花',
    recorded_at: now - 30 * MINUTE,
    chapters: [],
    gap_ms: 0,
    job: job({ state: 'running', percent: 42, step: 'composing', eta_s: 130 }),
  },
  {
    id: 'res2',
    lesson_id: 'lesson2',
    recording_id: 'rec2',
    title: '四年级英语：At the farm',
    recorded_at: now - 26 * 60 * MINUTE,
    duration_ms: 38 * MINUTE + 12_000,
    playlist_url: '/media/x/y/rec2/hls/master.m3u8',
    poster_url: '/icon.svg',
    chapters: [
      { at_ms: 0, title: '开始上课' },
      { at_ms: 9 * MINUTE, title: '河口教学点 三年级' },
      { at_ms: 15 * MINUTE + 20_000, title: '石桥小学 三(1)班' },
      { at_ms: 31 * MINUTE, title: '河口教学点 三年级' },
    ],
    gap_ms: 4_000,
    job: job({}),
  },
  {
    id: 'res3',
    lesson_id: 'lesson3',
    recording_id: 'rec3',
    title: '五年级美术：家乡的桥',
    recorded_at: now - 50 * 60 * MINUTE,
    chapters: [],
    gap_ms: 0,
    job: job({
      state: 'failed',
      percent: 61,
      failure: { code: 'disk_full', text: 'the disk is full: free some space, then retry' },
      attempts: 2,
    }),
  },
  {
    id: 'res4',
    lesson_id: 'lesson4',
    recording_id: 'rec4',
    title: '二年级语文：小蝌蚪找妈妈',
    recorded_at: now - 75 * 60 * MINUTE,
    chapters: [],
    gap_ms: 0,
    job: job({ state: 'queued', percent: 0 }),
  },
];
