// Bell times: which a school keeps, and what the next period would be. Pure.
import type { BellScheduleView, OrgView } from '../../protocol/types';
import { clockOf, minuteOf } from '../../words/day';
import { pathTo } from './tree';

const LESSON_MIN = 40;
const BREAK_MIN = 10;
const FIRST_MIN = 8 * 60 + 20;

/** The bell times of a place: its own, or those of the nearest place above that has some. */
export function bellsOf(
  orgs: readonly OrgView[],
  bells: readonly BellScheduleView[],
  org: string,
): BellScheduleView | null {
  for (const place of pathTo(orgs, org).reverse()) {
    const found = bells.find(({ id }) => id === place.bell_schedule_id);
    if (found !== undefined) return found;
  }
  return null;
}

/** A lesson and a break after the last one. */
export function nextPeriod(before: readonly { ends?: string }[]): { starts: string; ends: string } {
  const last = minuteOf(before.at(-1)?.ends ?? '');
  const starts = Math.min(last === null ? FIRST_MIN : last + BREAK_MIN, 23 * 60);
  return { starts: clockOf(starts), ends: clockOf(starts + LESSON_MIN) };
}
