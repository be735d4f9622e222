// How a screen stands, in words: pure.
import type { ScreenLink, ScreenView } from '../../protocol/types';
import { text } from './words';

export type Standing = keyof typeof text.standing;

export function standingOf({ is_online, is_in_lesson, last_seen_at }: ScreenView): Standing {
  if (is_online) return is_in_lesson ? 'in_lesson' : 'ready';
  return last_seen_at == null ? 'never' : 'offline';
}

const MINUTE_MS = 60_000;

/** A report comes once a minute: within two it is as good as now. */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / MINUTE_MS);
  if (minutes < 2) return text.justNow;
  if (minutes < 60) return text.minutesAgo(minutes);
  if (minutes < 48 * 60) return text.hoursAgo(Math.floor(minutes / 60));
  return text.daysAgo(Math.floor(minutes / (24 * 60)));
}

export function seenWords(screen: ScreenView, now: number): string {
  if (screen.is_online) return text.now;
  return screen.last_seen_at == null ? '—' : ago(screen.last_seen_at, now);
}

export function troubleWords({ troubles }: ScreenView): string[] {
  return troubles.length === 0 ? [text.fine] : troubles.map((trouble) => text.troubleWords[trouble]);
}

export function uptimeWords(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return text.daysHours(Math.floor(hours / 24), hours % 24);
  return hours > 0 ? text.hoursMinutes(hours, minutes % 60) : text.minutesOnly(minutes);
}

export function linkWords(link: ScreenLink | null | undefined): string {
  if (link == null) return text.notInLesson;
  const said = [];
  if (link.rtt_ms != null) said.push(text.rtt(link.rtt_ms));
  if (link.loss_permille != null) said.push(text.loss((link.loss_permille / 10).toFixed(1)));
  if (link.down_bps != null) said.push(text.down((link.down_bps / 1e6).toFixed(1)));
  return said.length === 0 ? '—' : said.join('，');
}

export function storageWords(mib: number | null | undefined): string {
  if (mib == null) return '—';
  return mib >= 1024 ? `${(mib / 1024).toFixed(1)} GiB` : `${mib} MiB`;
}

/** The digits of a code, however it was typed or copied: `123 456`, `123-456`. */
export function digitsOf(typed: string): string {
  return typed.replace(/\D/g, '');
}
