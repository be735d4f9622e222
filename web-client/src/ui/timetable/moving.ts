// A lesson that is being moved: where it hangs now, and what a key does with it. Pure.
import type { Column, Row } from './grid';

export interface Spot {
  day: string;
  period: number;
}

export type KeyMove = { kind: 'to'; spot: Spot } | { kind: 'drop' } | { kind: 'cancel' } | { kind: 'stay' };

/** Arrows go over holidays: nothing can be put there. At the edge they stay. */
export function keyMove(key: string, at: Spot, columns: readonly Column[], rows: readonly Row[]): KeyMove {
  if (key === 'Enter') return { kind: 'drop' };
  if (key === 'Escape') return { kind: 'cancel' };
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (step === undefined) return { kind: 'stay' };
  const [across = 0, down = 0] = step;
  const row = rows.findIndex(({ period }) => period === at.period) + down;
  let column = columns.findIndex(({ day }) => day === at.day) + across;
  while (across !== 0 && columns[column]?.holiday != null) column += across;
  const [day, period] = [columns[column]?.day, rows[row]?.period];
  if (day === undefined || period === undefined) return { kind: 'stay' };
  return { kind: 'to', spot: { day, period } };
}

export const sameSpot = (a: Spot, b: Spot) => a.day === b.day && a.period === b.period;
