import { expect, it } from 'vitest';
import type { Column, Row } from './grid';
import { keyMove } from './moving';

const columns: Column[] = [1, 2, 3].map((weekday) => ({
  day: `2026-09-0${weekday}`,
  weekday,
  holiday: weekday === 2 ? '放假' : null,
  follows: null,
}));
const rows: Row[] = [1, 2].map((period) => ({ period, starts: null, ends: null }));
const at = { day: '2026-09-01', period: 1 };

it('moves by arrows, over holidays', () => {
  expect(keyMove('ArrowDown', at, columns, rows)).toEqual({ kind: 'to', spot: { ...at, period: 2 } });
  expect(keyMove('ArrowRight', at, columns, rows)).toEqual({
    kind: 'to',
    spot: { day: '2026-09-03', period: 1 },
  });
});

it('stays at the edge and on keys that mean nothing', () => {
  for (const key of ['ArrowUp', 'ArrowLeft', 'x', 'Tab'])
    expect(keyMove(key, at, columns, rows)).toEqual({ kind: 'stay' });
});

it('stays when only a holiday is left', () => {
  expect(keyMove('ArrowRight', at, columns.slice(0, 2), rows)).toEqual({ kind: 'stay' });
});

it('drops by Enter and gives up by Esc', () => {
  expect(keyMove('Enter', at, columns, rows).kind).toBe('drop');
  expect(keyMove('Escape', at, columns, rows).kind).toBe('cancel');
});
