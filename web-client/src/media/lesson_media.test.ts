import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LessonView, MediaGrant } from '../protocol/types';
import type { Outcome, Session } from '../session/session';
import { beginning, type SessionState } from '../session/state';
import { LessonMedia } from './lesson_media';

const LAYERS = { l: 1, m: 2, h: 3 };
const HOUR_MS = 3_600_000;

const lesson: LessonView = {
  id: 'l1',
  title: '茉莉花',
  state: 'live',
  video_codec: 'h264',
  participants: [],
  record: false,
  recording: 'off',
};
const grant = (): MediaGrant => ({
  whip_url: 'http://sfu/whip/l1',
  whep_url: 'http://sfu/whep/l1',
  slots: ['teacher', 'audio0'],
  token: 't',
  expires_at: Date.now() + 600_000,
  epoch: 1,
});

/** A session whose state the test sets and whose requests it answers. */
class FakeSession {
  state: SessionState = { ...beginning, connection: { kind: 'online' } };
  asked: string[] = [];
  outcome: Outcome = { kind: 'done' };
  private listeners = new Set<() => void>();
  getState = () => this.state;
  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  serverNow = () => Date.now();
  request = async (action: { do: string }) => {
    this.asked.push(action.do);
    return this.outcome;
  };
  becomes(part: Partial<SessionState>) {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}

let offers: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  offers = [];
  const sender = {
    replaceTrack: async () => undefined,
    getParameters: () => ({}),
    setParameters: async () => {},
  };
  vi.stubGlobal(
    'RTCPeerConnection',
    class {
      connectionState = 'new';
      localDescription = { sdp: 'v=0' };
      addTransceiver = () => ({ sender, receiver: { track: {} }, setCodecPreferences: () => undefined });
      getTransceivers = () => [];
      async setLocalDescription() {}
      async setRemoteDescription() {}
      close() {}
    },
  );
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => ({ codecs: [] }) });
  vi.stubGlobal('MediaStream', class {});
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('fetch', async (url: string, { method }: RequestInit) => {
    if (method === 'POST') offers.push(new URL(url).pathname);
    return new Response('v=0\r\n', { status: 201, headers: { location: `${url}/s` } });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function setup(place: SessionState['place']) {
  const session = new FakeSession();
  const media = new LessonMedia(session as unknown as Session, ['microphone', 'camera'], LAYERS);
  session.becomes({ place, lesson, media: grant() });
  return { session, media };
}

it('connects only while the place is this page’s, and leaves when another page takes it', async () => {
  const { session, media } = setup('not_asked');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(offers).toEqual([]);
  session.becomes({ place: 'ours' });
  await vi.advanceTimersByTimeAsync(0);
  expect(offers).toEqual(['/whip/l1', '/whep/l1']);
  session.becomes({ place: 'replaced' });
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(offers.length).toBe(2);
  expect(media.getState()).toMatchObject({ publish: { kind: 'idle' }, subscribe: { kind: 'idle' } });
});

it('asks for a fresh token a minute before the old one expires', async () => {
  const { session } = setup('ours');
  await vi.advanceTimersByTimeAsync(539_000);
  expect(session.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(session.asked).toEqual(['refresh_media']);
});

it('asks again while it is refused', async () => {
  const { session } = setup('ours');
  session.outcome = { kind: 'unanswered' };
  await vi.advanceTimersByTimeAsync(556_000);
  expect(session.asked.length).toBe(4);
});

it('asks for nothing between lessons', async () => {
  const { session } = setup('ours');
  session.becomes({ lesson: null, media: null });
  session.outcome = { kind: 'unanswered' };
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(session.asked).toEqual([]);
});

it('asks for nothing after it was closed, even if an answer was on its way', async () => {
  const { session, media } = setup('ours');
  session.outcome = { kind: 'unanswered' };
  vi.advanceTimersByTime(540_000);
  expect(session.asked).toEqual(['refresh_media']);
  media.close();
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(session.asked.length).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
