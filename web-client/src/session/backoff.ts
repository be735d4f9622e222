// How long to wait before trying again: soon at first, then calmly, and never all screens at the same moment.

/** First wait. A server that only restarted is back within it. */
const FIRST_MS = 250;

/** Longest wait: a classroom that lost its network for the night is back within this of the network's return. */
const LONGEST_MS = 5_000;

/** Wait before attempt `attempt` (from 1). `random` in 0…1 spreads the screens of a school over a quarter of it. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full * (0.75 + 0.25 * random));
}
