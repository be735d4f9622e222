import { expect, it } from 'vitest';
import { browserName, type Counted, counted, inputHealth, linkBetween, pageVersion } from './health';

const count = (atMs: number, received: number, lost: number, bytes: number): Counted => ({
  atMs,
  received,
  lost,
  bytes,
  rttMs: 24,
});

it('tells the link from what was counted since the last report', () => {
  expect(linkBetween(null, null)).toBeNull();
  expect(linkBetween(null, count(0, 1000, 0, 1))).toEqual({ rtt_ms: 24 });
  expect(linkBetween(count(0, 1000, 10, 0), count(1000, 1970, 40, 125_000))).toEqual({
    rtt_ms: 24,
    loss_permille: 30,
    down_bps: 1_000_000,
  });
  expect(linkBetween(count(0, 1000, 10, 9_000_000), count(1000, 5, 0, 700))).toEqual({ rtt_ms: 24 });
  expect(linkBetween(count(0, 1000, 10, 10), count(1000, 1000, 9, 10))).toMatchObject({ loss_permille: 0 });
});

it('sums up what comes in over all slots', () => {
  const reports = [
    { type: 'inbound-rtp', packetsLost: 1, packetsReceived: 10, bytesReceived: 100 },
    { type: 'inbound-rtp', packetsLost: -1, packetsReceived: 5, bytesReceived: 50 },
    { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 },
    { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.0123 },
  ] as unknown as RTCStats[];
  expect(counted(reports, 7)).toEqual({ atMs: 7, lost: 0, received: 15, bytes: 150, rttMs: 12 });
  expect(counted([], 7)).toBeNull();
});

it('names the browser', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
  expect(browserName(chrome)).toBe('Chromium 156');
  expect(browserName(`${chrome} Edg/155.0.1.2`)).toBe('Edge 155');
  expect(browserName('Mozilla/5.0 (X11; rv:153.0) Gecko/20100101 Firefox/153.0')).toBe('Firefox 153');
  expect(
    browserName('Mozilla/5.0 (Macintosh) AppleWebKit/605 (KHTML, like Gecko) Version/17.1 Safari/605'),
  ).toBe('Safari 17');
  expect(browserName('')).toBe('?');
});

it('names the build', () => {
  const html = '<script src="/assets/classroom-B3x_9.js"></script><link href="/assets/session-aa.js">';
  expect(pageVersion(html)).toMatch(/^\d+\.\d+\.\d+ B3x_9$/);
  expect(pageVersion('')).toMatch(/^\d+\.\d+\.\d+$/);
});

it('takes a camera that nobody allowed for one that is not allowed', () => {
  expect(inputHealth({ track: null, trouble: null })).toBe('denied');
  expect(inputHealth({ track: null, trouble: 'missing' })).toBe('missing');
  expect(inputHealth({ track: {} as MediaStreamTrack, trouble: null })).toBe('fine');
});
