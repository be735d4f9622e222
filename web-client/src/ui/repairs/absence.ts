// Who is not there and when, as the page's address says it: pure.
import type { RepairRequest } from '../../protocol/types';
import { daysBetween } from '../../words/day';
import type { Changes } from '../shell/query';

export type By = 'teacher' | 'classroom';

export interface Absence {
  by: By;
  /** Nobody is chosen yet. */
  id: string | null;
  from: string;
  to: string;
  /** None: whole days. */
  periods: number[];
  /** Null: the usual one. */
  reason: string | null;
}

/** As the server's MAX_DAYS. */
const MAX_DAYS = 14;
/** As the server's MAX_PERIODS. */
const MAX_PERIODS = 16;

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function readAbsence(query: URLSearchParams, today: string): Absence {
  const by: By = query.get('classroom') === null && query.get('by') !== 'classroom' ? 'teacher' : 'classroom';
  const day = (name: string) => {
    const said = query.get(name);
    return said !== null && DAY.test(said) ? said : null;
  };
  const from = day('from') ?? today;
  const periods = (query.get('periods') ?? '')
    .split(',')
    .map(Number)
    .filter((period) => Number.isInteger(period) && period >= 1 && period <= MAX_PERIODS);
  return {
    by,
    id: query.get(by),
    from,
    to: day('to') ?? from,
    periods: [...new Set(periods)].sort((a, b) => a - b),
    reason: query.get('reason'),
  };
}

/** What has to be said in the address for this to be read from it. */
export function addressOf(absence: Partial<Absence>): Changes {
  const { by, id, from, to, periods, reason } = absence;
  return {
    ...(by === undefined ? {} : { by, teacher: null, classroom: null }),
    ...(by === undefined || id === undefined ? {} : { [by]: id }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(periods === undefined ? {} : { periods: periods.join(',') }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Is it a span of days that the server takes? */
export function areDays({ from, to }: Absence): boolean {
  const days = daysBetween(from, to);
  return days >= 0 && days <= MAX_DAYS;
}

export function requestOf(absence: Absence, reason: string): RepairRequest | null {
  const { by, id, from, to, periods } = absence;
  if (id === null || !areDays(absence)) return null;
  return { [`${by}_id`]: id, from, to, periods, reason };
}

/** For pages that lead here. */
export function absentAddress(of: {
  term?: string;
  teacher?: string;
  classroom?: string;
  from?: string;
}): string {
  const params = new URLSearchParams(Object.entries(of).filter(([, value]) => value !== undefined));
  const search = params.toString();
  return `/timetable/absent${search === '' ? '' : `?${search}`}`;
}
