// Where in a term a day is, and what is unlike other days: pure.
import type { TermDay, TermView } from '../../protocol/types';
import { daysBetween, plusDays } from '../../words/day';

/** A holiday longer than a term is a slip of the hand. */
const MAX_HOLIDAY_DAYS = 60;

/** The week of the term this day is in; before the term its first, after it its last. */
export function weekOf(term: TermView, day: string): number {
  const week = Math.floor(daysBetween(term.first_day, day) / 7) + 1;
  return Math.min(Math.max(week, 1), term.weeks);
}

export function lastDay(term: TermView): string {
  return plusDays(term.first_day, term.weeks * 7 - 1);
}

export function mondayOf(term: TermView, week: number): string {
  return plusDays(term.first_day, (week - 1) * 7);
}

/** The term that runs on this day; else the next one; else the last one. */
export function presentTerm(terms: readonly TermView[], day: string): TermView | null {
  const byTime = [...terms].sort((a, b) => a.first_day.localeCompare(b.first_day));
  return byTime.find((term) => lastDay(term) >= day) ?? byTime.at(-1) ?? null;
}

/** The term that the address asks for; else the present one. */
export function askedTerm(terms: readonly TermView[], asked: string | null, today: string): TermView | null {
  return terms.find(({ id }) => id === asked) ?? presentTerm(terms, today);
}

export function unlike(term: TermView, day: string): TermDay | null {
  return term.days.find((one) => one.day === day) ?? null;
}

/** Weeks as people say them: `1–8, 10`. */
export function weeksWords(weeks: readonly number[]): string {
  const sorted = [...new Set(weeks)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const week of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === week - 1) run[1] = week;
    else runs.push([week, week]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}

/** Every day from one to the other, as holidays of this name; days that are something already become holidays. */
export function withHoliday(days: readonly TermDay[], from: string, to: string, name: string): TermDay[] {
  const added: TermDay[] = [];
  for (let day = from; day <= to && added.length < MAX_HOLIDAY_DAYS; day = plusDays(day, 1)) {
    added.push({ day, kind: 'holiday', name });
  }
  return inOrder([...days.filter((one) => added.every(({ day }) => day !== one.day)), ...added]);
}

/** That day holds another weekday's lessons. */
export function withMakeUp(days: readonly TermDay[], day: string, weekday: number, name: string): TermDay[] {
  const added: TermDay = { day, kind: 'make_up', follows_weekday: weekday, name };
  return inOrder([...days.filter((one) => one.day !== day), added]);
}

const inOrder = (days: TermDay[]) => days.sort((a, b) => a.day.localeCompare(b.day));
