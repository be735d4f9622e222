// Where in a term a day is, and what is unlike other days: pure.
import type { TermDay, TermView } from '../../protocol/types';
import { daysBetween, plusDays } from '../../words/day';

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
