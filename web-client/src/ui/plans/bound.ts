// What the proven bound of a plan means to people: pure.
import type { PlanView } from '../../protocol/types';

/** Periods a week that no plan could have beyond this one, at most; null while there is none. `gap` is of those missing. */
export function atMostMore({ gap, served, demanded }: PlanView): number | null {
  if (gap == null || served == null) return null;
  return Math.round(gap * Math.max(1, demanded - served));
}
