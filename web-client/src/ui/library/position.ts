// Where somebody stopped watching, kept in this browser; and `?t=` in an address, in seconds or as 1h2m3s.

const KEY = 'tongtang.watched';

/** The oldest are forgotten above this. */
const MAX_KEPT = 100;

/** Watched nearly to the end: the next time begins at the start. */
const NEARLY_S = 15;

export function readTime(asked: string | null): number | null {
  if (asked === null) return null;
  if (/^\d+(\.\d+)?$/.test(asked)) return Number(asked);
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(asked);
  if (parts === null || asked === '') return null;
  const [, h = '0', m = '0', s = '0'] = parts;
  return Number(h) * 3600 + Number(m) * 60 + Number(s);
}

function readKept(): [string, number][] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(value) ? (value as [string, number][]) : [];
  } catch {
    return [];
  }
}

export function keptPosition(resource: string): number {
  return readKept().find(([id]) => id === resource)?.[1] ?? 0;
}

export function keepPosition(resource: string, atS: number, durationS: number): void {
  const others = readKept().filter(([id]) => id !== resource);
  const worth = atS > NEARLY_S && atS < durationS - NEARLY_S;
  const kept: [string, number][] = worth ? [[resource, Math.floor(atS)], ...others] : others;
  localStorage.setItem(KEY, JSON.stringify(kept.slice(0, MAX_KEPT)));
}
