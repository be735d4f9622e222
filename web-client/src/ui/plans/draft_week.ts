// The draft's week beside today's, as cards in cells: pure.
import type { DraftLesson, TimetableLessonView } from '../../protocol/types';
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

export function draftCards(lessons: readonly DraftLesson[]): Card[] {
  return lessons.map(({ lesson, weekday, teacher_name, org_name, class_names, is_kept }, at) => ({
    key: `${keyOf(weekday, lesson.period, lesson.teacher_id, lesson.class_ids)} ${at}`,
    weekday,
    period: lesson.period,
    subject: lesson.subject,
    grade: lesson.grade,
    teacherId: lesson.teacher_id,
    teacher: teacher_name,
    org: org_name,
    classIds: lesson.class_ids,
    classes: class_names,
    differs: !is_kept,
  }));
}

/** Today's lessons; those the draft does not have in the same place with the same people differ. */
export function todayCards(lessons: readonly TimetableLessonView[], draft: readonly DraftLesson[]): Card[] {
  const kept = new Set(
    draft.map(({ lesson, weekday }) => keyOf(weekday, lesson.period, lesson.teacher_id, lesson.class_ids)),
  );
  return lessons
    .filter(({ state }) => state !== 'cancelled')
    .map((lesson) => {
      const weekday = weekdayOf(lesson.day);
      const classIds = lesson.classes.map(({ class_id }) => class_id);
      return {
        key: lesson.id,
        weekday,
        period: lesson.period,
        subject: lesson.subject,
        grade: lesson.grade,
        teacherId: lesson.teacher_id,
        teacher: lesson.teacher_name,
        org: lesson.org_name,
        classIds,
        classes: lesson.classes.map(({ org_name, class_name }) => `${org_name} ${class_name}`),
        differs: !kept.has(keyOf(weekday, lesson.period, lesson.teacher_id, classIds)),
      };
    });
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
