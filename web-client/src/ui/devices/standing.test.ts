import { expect, it } from 'vitest';
import type { ScreenView } from '../../protocol/types';
import {
  ago,
  digitsOf,
  linkWords,
  seenWords,
  standingOf,
  storageWords,
  troubleWords,
  uptimeWords,
} from './standing';

const screen = (more: Partial<ScreenView>): ScreenView => ({
  id: 'd',
  name: '一教室',
  paired_at: 0,
  is_online: true,
  is_in_lesson: false,
  troubles: [],
  ...more,
});

it('says how a screen stands', () => {
  expect(standingOf(screen({}))).toBe('ready');
  expect(standingOf(screen({ is_in_lesson: true }))).toBe('in_lesson');
  expect(standingOf(screen({ is_online: false }))).toBe('never');
  expect(standingOf(screen({ is_online: false, last_seen_at: 5 }))).toBe('offline');
});

it('says when it was last seen', () => {
  expect(seenWords(screen({ last_seen_at: 1 }), 9e9)).toBe('现在');
  expect(seenWords(screen({ is_online: false }), 9e9)).toBe('—');
  expect([1, 2, 59, 60, 47 * 60, 48 * 60].map((minute) => ago(0, minute * 60_000))).toEqual([
    '刚才',
    '2 分钟前',
    '59 分钟前',
    '1 小时前',
    '47 小时前',
    '2 天前',
  ]);
});

it('says what is wrong, or that nothing is', () => {
  expect(troubleWords(screen({}))).toEqual(['正常']);
  expect(troubleWords(screen({ troubles: ['camera_missing', 'weak_link'] }))).toEqual([
    '没有摄像头',
    '网络差',
  ]);
});

it('says numbers as people read them', () => {
  expect([59, 3_700, 200_000].map(uptimeWords)).toEqual(['0 分钟', '1 小时 1 分', '2 天 7 小时']);
  expect(linkWords({ rtt_ms: 24, loss_permille: 3, down_bps: 1_840_000 })).toBe(
    '往返 24 毫秒，丢包 0.3%，下行 1.8 Mbit/s',
  );
  expect([linkWords(null), linkWords({})]).toEqual(['没有课', '—']);
  expect([storageWords(512), storageWords(4096), storageWords(null)]).toEqual(['512 MiB', '4.0 GiB', '—']);
});

it('takes a code as it is read aloud', () => {
  expect(['123 456', '123-456', ' 123456 '].map(digitsOf)).toEqual(['123456', '123456', '123456']);
});
