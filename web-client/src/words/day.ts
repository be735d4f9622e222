// Days of Asia/Shanghai as the server writes them (`YYYY-MM-DD`), whatever the browser's time zone is.
import { dateTag, language } from './language';

const DAY_MS = 86_400_000;

/** UTC+8 all year. */
export const SHANGHAI = 'Asia/Shanghai';

const number = (day: string) => Date.parse(`${day}T00:00:00Z`) / DAY_MS;

export function plusDays(day: string, days: number): string {
  return new Date((number(day) + days) * DAY_MS).toISOString().slice(0, 10);
}

/** Days from `earlier` to `later`. */
export function daysBetween(earlier: string, later: string): number {
  return number(later) - number(earlier);
}

/** 1 (Monday) to 7. */
export function weekdayOf(day: string): number {
  // 1970-01-01 was a Thursday.
  return ((number(day) + 3) % 7) + 1;
}

/** The hour it is in Shanghai, 0 to 23, whatever zone the machine is set to. */
export function shanghaiHour(unixMs: number): number {
  return new Date(unixMs + 8 * 3_600_000).getUTCHours();
}

/** The day it is in Shanghai. */
export function shanghaiDay(unixMs: number): string {
  return new Date(unixMs + 8 * 3_600_000).toISOString().slice(0, 10);
}

/** `周三` / `Wed`. */
export function weekdayWord(weekday: number): string {
  // 2024-01-01 was a Monday.
  return new Intl.DateTimeFormat(dateTag, { weekday: 'short', timeZone: 'UTC' }).format(
    Date.UTC(2024, 0, weekday),
  );
}

/** `9月3日` / `3 Sep`. */
export function shortDay(day: string): string {
  return new Intl.DateTimeFormat(dateTag, { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(
    number(day) * DAY_MS,
  );
}

/** `11月30日（周一）` / `Mon 30 Nov`, as the server's sentences say it. */
export function dayWords(day: string): string {
  const weekday = weekdayWord(weekdayOf(day));
  return language === 'zh' ? `${shortDay(day)}（${weekday}）` : `${weekday} ${shortDay(day)}`;
}

/** `9月3日周三 08:30`, in Shanghai. */
export function shanghaiTime(unixMs: number): string {
  return new Intl.DateTimeFormat(dateTag, {
    month: 'short',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone: SHANGHAI,
  }).format(unixMs);
}

/** `08:30`, in Shanghai. */
export function shanghaiClock(unixMs: number): string {
  return new Intl.DateTimeFormat(dateTag, {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone: SHANGHAI,
  }).format(unixMs);
}

/** `08:30` of minutes after midnight. */
export function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** Minutes after midnight of `08:30`, or null. */
export function minuteOf(text: string): number | null {
  const found = /^([01]?\d|2[0-3])[:：]([0-5]\d)$/.exec(text.trim());
  return found === null ? null : Number(found[1]) * 60 + Number(found[2]);
}
