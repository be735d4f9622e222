// The ledger as a heat map: what each number means, in a level, a word and the number itself. Pure.
import type { LedgerRow, LedgerSum } from '../../protocol/types';
import { languageTag } from '../../words/language';

/** From fine to worst; `off`: nothing is prescribed. */
export type Level = 'off' | 'full' | 'near' | 'short' | 'none';

/** Nine of ten periods or more are nearly all. */
const NEAR = 0.9;

export interface Heat {
  level: Level;
  taught: number;
  prescribed: number;
  /** Periods too few so far. */
  short: number;
}

export function heatOf({ prescribed, on_site, delivered }: LedgerSum): Heat {
  const taught = on_site + delivered;
  const short = Math.max(0, prescribed - taught);
  const level: Level =
    prescribed === 0
      ? 'off'
      : short === 0
        ? 'full'
        : taught === 0
          ? 'none'
          : taught >= prescribed * NEAR
            ? 'near'
            : 'short';
  return { level, taught, prescribed, short };
}

export interface HeatLine {
  key: string;
  orgId: string;
  classId: string | null;
  name: string;
  bySubject: Map<string, LedgerRow>;
  /** Periods too few so far, over all subjects. */
  short: number;
  /** And at the term's end, if nothing changes. */
  forecast: number;
}

/** One line a place or class. */
export function linesOf(rows: readonly LedgerRow[]): HeatLine[] {
  const lines = new Map<string, HeatLine>();
  for (const row of rows) {
    const key = row.class_id ?? row.org_id;
    const line = lines.get(key) ?? {
      key,
      orgId: row.org_id,
      classId: row.class_id ?? null,
      name: row.name,
      bySubject: new Map<string, LedgerRow>(),
      short: 0,
      forecast: 0,
    };
    line.bySubject.set(row.subject, row);
    line.short += heatOf(row.sum).short;
    line.forecast += row.forecast_short;
    lines.set(key, line);
  }
  return [...lines.values()];
}

export type Order = 'worst' | 'name';

export function ordered(lines: readonly HeatLine[], order: Order): HeatLine[] {
  const byName = (a: HeatLine, b: HeatLine) => a.name.localeCompare(b.name, languageTag, { numeric: true });
  return [...lines].sort((a, b) =>
    order === 'name' ? byName(a, b) : b.short - a.short || b.forecast - a.forecast || byName(a, b),
  );
}

/** Subjects with most prescribed first, as the sums say. */
export function subjectsOf(totals: readonly LedgerRow[], rows: readonly LedgerRow[]): string[] {
  const known = [...totals].sort((a, b) => b.sum.prescribed - a.sum.prescribed).map(({ subject }) => subject);
  return [...new Set([...known, ...rows.map(({ subject }) => subject)])];
}
