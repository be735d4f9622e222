// What a press on a period makes of the times that are taken: pure.
import type { Busy } from '../../protocol/types';

/** Takes the period if it was free in these weeks, and frees it if it was not. */
export function pressed(all: readonly Busy[], press: Busy): Busy[] {
  const here = (busy: Busy) => busy.weekday === press.weekday && busy.period === press.period;
  const meets = (busy: Busy) =>
    here(busy) && (busy.parity === press.parity || busy.parity === 'every' || press.parity === 'every');
  if (all.some(meets)) return all.filter((busy) => !meets(busy));
  return [...all, press];
}
