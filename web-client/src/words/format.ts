// Times, lengths and dates as people write them.
import { SHANGHAI } from './day';
import { dateTag, language } from './language';

/** `1:02:03` or `2:03`: a position or length. */
export function clockLength(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${Math.floor((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}` : rest;
}

/** `38 分钟` / `38 min`, at least one. */
export function minutes(ms: number): string {
  const n = Math.max(1, Math.round(ms / 60_000));
  return language === 'zh' ? `${n} 分钟` : `${n} min`;
}

/** A day and time of day, in Shanghai. */
export function dayAndTime(unixMs: number): string {
  return new Intl.DateTimeFormat(dateTag, {
    month: 'long',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone: SHANGHAI,
  }).format(unixMs);
}

/** What is left of long work: `约 40 秒` / `about 40 s`. */
export function timeLeft(seconds: number): string {
  if (seconds < 90) {
    const n = Math.max(5, Math.ceil(seconds / 5) * 5);
    return language === 'zh' ? `约 ${n} 秒` : `about ${n} s`;
  }
  const n = Math.ceil(seconds / 60);
  return language === 'zh' ? `约 ${n} 分钟` : `about ${n} min`;
}

/** A six-digit code in two groups, as it is read aloud. */
export function spacedCode(code: string): string {
  return code.length === 6 ? `${code.slice(0, 3)} ${code.slice(3)}` : code;
}

/** Between the parts of a list. */
export const listed = language === 'zh' ? '、' : ', ';
