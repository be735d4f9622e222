// The week as a grid of days and periods: pure. Rows are the periods of whoever's week it is, which at a receiving class are
// not the master school's.
import type { Whose } from '../../protocol/county';
import type { BellScheduleView, TimetableClass, TimetableLessonView, WeekView } from '../../protocol/types';
import { plusDays, weekdayOf } from '../../words/day';
import { unlike } from '../terms/term';

export interface Column {
  day: string;
  weekday: number;
  /** No lessons: why. */
  holiday: string | null;
  /** Whose lessons are held instead. */
  follows: number | null;
}

/** First and last of what the schools in view have. */
export interface Span {
  from: number;
  to: number;
}

export interface Row {
  period: number;
  starts: Span | null;
  ends: Span | null;
}

/** Monday to Friday, and days of the weekend on which something happens. */
export function columnsOf({ term, monday, lessons }: WeekView): Column[] {
  return Array.from({ length: 7 }, (_, at) => plusDays(monday, at))
    .map((day): Column => {
      const special = unlike(term, day);
      return {
        day,
        weekday: weekdayOf(day),
        holiday: special?.kind === 'holiday' ? special.name : null,
        follows: special?.kind === 'make_up' ? (special.follows_weekday ?? null) : null,
      };
    })
    .filter(
      ({ day, weekday, follows }) =>
        weekday <= 5 || follows !== null || lessons.some((lesson) => lesson.day === day),
    );
}

/** Periods of the bell times in view, and those in which lessons lie. */
export function rowsOf(bells: readonly BellScheduleView[], periods: readonly number[]): Row[] {
  const spans = new Map<number, { starts: Span; ends: Span }>();
  for (const { periods } of bells) {
    for (const { period, starts_min, ends_min } of periods) {
      const known = spans.get(period);
      spans.set(period, {
        starts: widened(known?.starts, starts_min),
        ends: widened(known?.ends, ends_min),
      });
    }
  }
  const last = Math.max(0, ...spans.keys(), ...periods);
  return Array.from({ length: last }, (_, at) => {
    const span = spans.get(at + 1);
    return { period: at + 1, starts: span?.starts ?? null, ends: span?.ends ?? null };
  });
}

function widened(span: Span | undefined, minute: number): Span {
  return span === undefined
    ? { from: minute, to: minute }
    : { from: Math.min(span.from, minute), to: Math.max(span.to, minute) };
}

/** The row a lesson stands in, in this one's week. `places` are the place in view and those below. */
export function periodIn(
  lesson: TimetableLessonView,
  whose: Whose,
  places: ReadonlySet<string> = new Set(),
): number {
  const isOurs = (one: TimetableClass): boolean => {
    if (whose.by === 'class') return one.class_id === whose.id;
    if (whose.by === 'classroom') return one.classroom_id === whose.id && lesson.classroom_id !== whose.id;
    return whose.by === 'org' && places.has(one.org_id) && !places.has(lesson.org_id);
  };
  const receiving = lesson.classes.find(isOurs);
  return receiving?.period ?? lesson.period;
}

export const cellKey = (day: string, period: number) => `${day} ${period}`;

/** Lessons by cell, earliest first. */
export function cellsOf(
  lessons: readonly TimetableLessonView[],
  periodOf: (lesson: TimetableLessonView) => number,
): Map<string, TimetableLessonView[]> {
  const cells = new Map<string, TimetableLessonView[]>();
  const byTime = [...lessons].sort(
    (a, b) => a.starts_at - b.starts_at || a.org_name.localeCompare(b.org_name) || a.id.localeCompare(b.id),
  );
  for (const lesson of byTime) {
    const key = cellKey(lesson.day, periodOf(lesson));
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [lesson]);
    else cell.push(lesson);
  }
  return cells;
}

/** Which of the master school's periods a row means: the one that has most in common with its times. */
export function masterPeriod(row: Row, master: BellScheduleView | null): number {
  if (master === null || row.starts === null || row.ends === null) return row.period;
  const [from, to] = [row.starts.from, row.ends.from];
  let best = { period: row.period, shared: 0 };
  for (const { period, starts_min, ends_min } of master.periods) {
    const shared = Math.min(to, ends_min) - Math.max(from, starts_min);
    if (shared > best.shared) best = { period, shared };
  }
  return best.period;
}

/** These lessons as they are now: changed ones replaced, those that left the week taken out, new ones put in. */
export function withChanged(view: WeekView, changed: readonly TimetableLessonView[]): WeekView {
  const known = new Set(view.lessons.map(({ id }) => id));
  const now = new Map(changed.map((lesson) => [lesson.id, lesson]));
  const lessons = view.lessons.map((lesson) => now.get(lesson.id) ?? lesson);
  return {
    ...view,
    lessons: lessons
      .concat(changed.filter(({ id }) => !known.has(id)))
      .filter((lesson) => lesson.term_id === view.term.id && lesson.week === view.week),
  };
}
