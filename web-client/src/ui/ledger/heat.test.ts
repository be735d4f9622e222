import { expect, it } from 'vitest';
import type { LedgerRow, LedgerSum } from '../../protocol/types';
import { heatOf, linesOf, ordered, subjectsOf } from './heat';

const sum = (prescribed: number, on_site: number, delivered = 0): LedgerSum => ({
  prescribed,
  on_site,
  delivered,
  missed: 0,
  planned: 0,
});

const row = (
  org: string,
  subject: string,
  of: LedgerSum,
  forecast_short = 0,
  classId?: string,
): LedgerRow => ({
  org_id: org,
  name: classId ?? org,
  subject,
  sum: of,
  forecast_short,
  ...(classId === undefined ? {} : { class_id: classId }),
});

it('says what a number means', () => {
  expect(heatOf(sum(0, 0)).level).toBe('off');
  expect(heatOf(sum(10, 4, 6))).toEqual({ level: 'full', taught: 10, prescribed: 10, short: 0 });
  expect(heatOf(sum(10, 12)).short).toBe(0);
  expect(heatOf(sum(10, 9)).level).toBe('near');
  expect(heatOf(sum(10, 8)).level).toBe('short');
  expect(heatOf(sum(10, 0))).toMatchObject({ level: 'none', short: 10 });
});

it('adds up a line without letting one subject’s surplus hide another’s want', () => {
  const [line] = linesOf([row('s1', '音乐', sum(4, 0), 6), row('s1', '语文', sum(4, 9))]);
  expect(line).toMatchObject({ short: 4, forecast: 6, classId: null });
});

it('keeps classes of one school apart', () => {
  const lines = linesOf([row('s1', '音乐', sum(1, 1), 0, 'k1'), row('s1', '音乐', sum(1, 0), 0, 'k2')]);
  expect(lines.map(({ key }) => key)).toEqual(['k1', 'k2']);
});

it('puts the worst first, or all by name', () => {
  const lines = linesOf([
    row('a', '音乐', sum(4, 4)),
    row('b', '音乐', sum(4, 1)),
    row('c', '音乐', sum(4, 4), 2),
  ]);
  expect(ordered(lines, 'worst').map(({ name }) => name)).toEqual(['b', 'c', 'a']);
  expect(ordered(lines, 'name').map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

it('orders subjects by what is prescribed and forgets none', () => {
  const totals = [row('c', '音乐', sum(4, 0)), row('c', '语文', sum(20, 0))];
  expect(subjectsOf(totals, [row('a', '美术', sum(1, 0))])).toEqual(['语文', '音乐', '美术']);
});
