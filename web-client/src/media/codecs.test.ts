import { expect, it, vi } from 'vitest';
import { canReceive, preferences } from './codecs';

const chromium = [
  { mimeType: 'video/VP8' },
  { mimeType: 'video/rtx' },
  { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=42001f' },
  { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=0;profile-level-id=42e01f' },
  {
    mimeType: 'video/H264',
    sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  },
];

it('offers constrained baseline in packetization-mode 1 and its retransmissions only', () => {
  expect(preferences('h264', chromium)).toEqual([chromium[4], chromium[1]]);
});

it('offers VP8 in a VP8 lesson', () => {
  expect(preferences('vp8', chromium)).toEqual([chromium[0], chromium[1]]);
});

it('prefers nothing where the codec is missing', () => {
  expect(preferences('h264', [{ mimeType: 'video/VP8' }])).toEqual([]);
});

it('knows whether the browser can show the lesson: a Firefox without H.264 shows VP8 only', () => {
  const browser = (codecs: { mimeType: string }[]) =>
    vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => ({ codecs }) });
  browser(chromium);
  expect([canReceive('h264'), canReceive('vp8')]).toEqual([true, true]);
  browser([{ mimeType: 'video/VP8' }, { mimeType: 'video/rtx' }]);
  expect([canReceive('h264'), canReceive('vp8')]).toEqual([false, true]);
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => null });
  expect(canReceive('vp8')).toBe(false);
});
