// The draft's week beside today's, as cards in cells: pure.
import type { DraftLesson, TermView, TimetableLessonView } from '../../protocol/types';
import { weekdayOf } from '../../words/day';

export interface Card {
  key: string;
  weekday: number;
  period: number;
  subject: string;
  grade: number;
  teacherId: string;
  teacher: string;
  org: string;
  classIds: string[];
  classes: string[];
  /** Not as in the other week: new in the draft, or no more in it. */
  differs: boolean;
}

const keyOf = (weekday: number, period: number, teacher: string, classes: readonly string[]) =>
  `${weekday} ${period} ${teacher} ${[...classes].sort().join(' ')}`;

/** The weekday whose lessons a day has: on a make-up day another one's. */
function taughtAs(day: string, days: TermView['days']): number {
  return days.find((one) => one.day === day && one.kind === 'make_up')?.follows_weekday ?? weekdayOf(day);
}

const ofDraft = ({ lesson, weekday }: DraftLesson) =>
  keyOf(weekday, lesson.period, lesson.teacher_id, lesson.class_ids);

const ofToday = (lesson: TimetableLessonView, days: TermView['days']) =>
  keyOf(
    taughtAs(lesson.day, days),
    lesson.period,
    lesson.teacher_id,
    lesson.classes.map(({ class_id }) => class_id),
  );

/** Today's week. */
export interface TodayWeek {
  lessons: readonly TimetableLessonView[];
  days: TermView['days'];
}

const isOn = ({ state }: TimetableLessonView) => state !== 'cancelled';

/** What neither the server nor a look at today's week finds there already differs. */
export function draftCards(draft: readonly DraftLesson[], { lessons, days }: TodayWeek): Card[] {
  const there = new Set(lessons.filter(isOn).map((lesson) => ofToday(lesson, days)));
  return draft.map((one, at) => ({
    key: `${ofDraft(one)} ${at}`,
    weekday: one.weekday,
    period: one.lesson.period,
    subject: one.lesson.subject,
    grade: one.lesson.grade,
    teacherId: one.lesson.teacher_id,
    teacher: one.teacher_name,
    org: one.org_name,
    classIds: one.lesson.class_ids,
    classes: one.class_names,
    differs: !one.is_kept && !there.has(ofDraft(one)),
  }));
}

/** Today's lessons; those the draft does not have in the same place with the same people differ. */
export function todayCards({ lessons, days }: TodayWeek, draft: readonly DraftLesson[]): Card[] {
  const kept = new Set(draft.map(ofDraft));
  return lessons.filter(isOn).map((lesson) => ({
    key: lesson.id,
    weekday: taughtAs(lesson.day, days),
    period: lesson.period,
    subject: lesson.subject,
    grade: lesson.grade,
    teacherId: lesson.teacher_id,
    teacher: lesson.teacher_name,
    org: lesson.org_name,
    classIds: lesson.classes.map(({ class_id }) => class_id),
    classes: lesson.classes.map(({ org_name, class_name }) => `${org_name} ${class_name}`),
    differs: !kept.has(ofToday(lesson, days)),
  }));
}

export interface WhoChoice {
  value: string;
  label: string;
}

/** Teachers and classes of both weeks, to look at one alone. */
export function whoIn(cards: readonly Card[]): { teachers: WhoChoice[]; classes: WhoChoice[] } {
  const teachers = new Map<string, string>();
  const classes = new Map<string, string>();
  for (const card of cards) {
    teachers.set(card.teacherId, `${card.teacher} · ${card.org}`);
    card.classIds.forEach((id, at) => {
      classes.set(id, card.classes[at] ?? id);
    });
  }
  const sorted = (of: Map<string, string>) =>
    [...of].map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label));
  return { teachers: sorted(teachers), classes: sorted(classes) };
}

export const concerns = (card: Card, who: string | null) =>
  who === null || card.teacherId === who || card.classIds.includes(who);
