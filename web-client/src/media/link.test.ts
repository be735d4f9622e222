import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type LinkState, MediaLink } from './link';

const OFFER = 'v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:ours\r\na=ice-pwd:ourpassword\r\n';
const ANSWER = 'v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:theirs\r\na=ice-pwd:theirpassword\r\n';

class FakePeer {
  configuration: RTCConfiguration = {};
  connectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  localDescription = { type: 'offer', sdp: OFFER };
  closed = false;
  async createOffer() {
    return this.localDescription;
  }
  async setLocalDescription() {}
  async setRemoteDescription() {}
  close() {
    this.closed = true;
  }
  becomes(state: string) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

interface Asked {
  method: string;
  path: string;
  token: string | null;
}

let peers: FakePeer[] = [];
let asked: Asked[] = [];
let answer: (method: string) => Response;

const created = () =>
  new Response(ANSWER, { status: 201, headers: { location: `http://sfu/whep/r/s${peers.length}` } });

beforeEach(() => {
  vi.useFakeTimers();
  peers = [];
  asked = [];
  answer = (method) =>
    method === 'POST'
      ? created()
      : method === 'PATCH'
        ? new Response('a=ice-ufrag:fresh\r\na=ice-pwd:freshpassword\r\n', { status: 200 })
        : new Response(null, { status: 200 });
  vi.stubGlobal(
    'RTCPeerConnection',
    class extends FakePeer {
      constructor(configuration: RTCConfiguration) {
        super();
        this.configuration = configuration;
        peers.push(this);
      }
    },
  );
  vi.stubGlobal('fetch', async (url: string, options: RequestInit) => {
    const method = options.method ?? 'GET';
    asked.push({
      method,
      path: new URL(url).pathname,
      token: new Headers(options.headers).get('authorization'),
    });
    return answer(method);
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function link() {
  let state: LinkState = { kind: 'idle' };
  let tokensAsked = 0;
  const made = new MediaLink({
    build: () => undefined,
    answered: () => undefined,
    needToken: () => {
      tokensAsked += 1;
    },
    changed: (next) => {
      state = next;
    },
  });
  return { made, state: () => state.kind, tokensAsked: () => tokensAsked };
}

const target = (epoch: number, token = 't') => ({ url: 'http://sfu/whep/r', token, epoch });
const settle = () => vi.advanceTimersByTimeAsync(0);
const last = () => peers[peers.length - 1] as FakePeer;
const methods = () => asked.map(({ method }) => method);

it('posts one offer and is up when the path stands', async () => {
  const { made, state } = link();
  made.use(target(1));
  await settle();
  last().becomes('connected');
  expect(state()).toBe('up');
  expect(asked).toEqual([{ method: 'POST', path: '/whep/r', token: 'Bearer t' }]);
});

it('keeps the connection for a fresh token and leaves with the newest', async () => {
  const { made } = link();
  made.use(target(1));
  await settle();
  last().becomes('connected');
  made.use(target(1, 'fresh'));
  await settle();
  expect(peers.length).toBe(1);
  made.use(null);
  await settle();
  expect(asked[1]).toEqual({ method: 'DELETE', path: '/whep/r/s1', token: 'Bearer fresh' });
  expect(last().closed).toBe(true);
});

it('connects anew at once when the server lost its sessions, without a goodbye to the old', async () => {
  const { made } = link();
  made.use(target(1));
  await settle();
  last().becomes('connected');
  made.use(target(2));
  await settle();
  expect(methods()).toEqual(['POST', 'POST']);
  expect(peers[0]?.closed).toBe(true);
});

it('restarts ICE when the path stays broken, and keeps the peer connection', async () => {
  const { made, state } = link();
  made.use(target(1));
  await settle();
  last().becomes('connected');
  last().becomes('disconnected');
  expect(state()).toBe('repairing');
  await vi.advanceTimersByTimeAsync(2_500);
  expect(methods()).toEqual(['POST', 'PATCH']);
  last().becomes('connected');
  expect(state()).toBe('up');
  expect(peers.length).toBe(1);
});

it('begins anew when the restart is refused', async () => {
  const { made } = link();
  made.use(target(1));
  await settle();
  last().becomes('connected');
  answer = (method) => (method === 'PATCH' ? new Response('', { status: 404 }) : created());
  last().becomes('failed');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(methods()).toEqual(['POST', 'PATCH', 'DELETE', 'POST']);
});

it('asks for a token when its own is refused, and uses it as soon as it comes', async () => {
  const { made, tokensAsked } = link();
  answer = () => new Response('', { status: 401 });
  made.use(target(1, 'old'));
  await settle();
  expect(tokensAsked()).toBe(1);
  answer = () => created();
  made.use(target(1, 'new'));
  await settle();
  expect(asked[1]?.token).toBe('Bearer new');
});

it('tries for ever, calmly, and waits as long as the server says', async () => {
  const { made } = link();
  answer = () => new Response('', { status: 503, headers: { 'retry-after': '7' } });
  made.use(target(1));
  await settle();
  await vi.advanceTimersByTimeAsync(6_900);
  expect(peers.length).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(peers.length).toBeGreaterThan(7);
  expect(peers.length).toBeLessThan(12);
  expect(peers.slice(0, -1).every((peer) => peer.closed)).toBe(true);
});

it('does not stay with a server that answers but never connects', async () => {
  const { made } = link();
  made.use(target(1));
  await settle();
  await vi.advanceTimersByTimeAsync(7_000);
  expect(peers.length).toBe(2);
  expect(methods()).toEqual(['POST', 'DELETE', 'POST']);
});

it('goes through the TURN server that the answer named when there is no direct path', async () => {
  const { made, state } = link();
  const named = '<turn:turn.example.net>; rel="ice-server"; username="u"; credential="c"';
  answer = () =>
    new Response(ANSWER, { status: 201, headers: { location: 'http://sfu/whep/r/s', link: named } });
  made.use(target(1));
  await settle();
  expect(peers[0]?.configuration.iceServers).toEqual([]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(peers.length).toBe(2);
  expect(last().configuration.iceServers).toEqual([
    { urls: 'turn:turn.example.net', username: 'u', credential: 'c' },
  ]);
  last().becomes('connected');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(state()).toBe('up');
  expect(peers.length).toBe(2);
});
