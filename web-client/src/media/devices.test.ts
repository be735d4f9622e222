import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CLASSROOM_PICTURE, Devices } from './devices';

class FakeTrack extends EventTarget {
  readyState = 'live';
  constructor(readonly kind: string) {
    super();
  }
  stop() {
    this.readyState = 'ended';
  }
}

let given: FakeTrack[] = [];
let asked = 0;
/** What the browser answers; a promise that stays open is a question on the screen. */
let answer: (constraints: MediaStreamConstraints) => Promise<unknown>;

const stream = (constraints: MediaStreamConstraints) => {
  const make = (kind: string, wanted: unknown) => (wanted ? [new FakeTrack(kind)] : []);
  const video = make('video', constraints.video);
  const audio = make('audio', constraints.audio);
  given.push(...video, ...audio);
  return { getTracks: () => [...video, ...audio], getVideoTracks: () => video, getAudioTracks: () => audio };
};

beforeEach(() => {
  vi.useFakeTimers();
  given = [];
  asked = 0;
  answer = async (constraints) => stream(constraints);
  const mediaDevices = Object.assign(new EventTarget(), {
    getUserMedia: (constraints: MediaStreamConstraints) => {
      asked += 1;
      return answer(constraints);
    },
    enumerateDevices: async () => [],
  });
  vi.stubGlobal('navigator', { mediaDevices });
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const live = () => given.filter((track) => track.readyState === 'live').length;

it('opens camera and microphone with one question', async () => {
  const devices = new Devices(CLASSROOM_PICTURE);
  devices.start();
  await settle();
  expect(asked).toBe(1);
  expect(devices.getState().camera.track).not.toBeNull();
  expect(devices.getState().microphone.track).not.toBeNull();
});

it('leaves no camera on that was opened while it was being stopped', async () => {
  const devices = new Devices(CLASSROOM_PICTURE);
  let give: () => void = () => undefined;
  answer = (constraints) => new Promise((done) => (give = () => done(stream(constraints))));
  devices.start();
  devices.stop();
  give();
  await settle();
  expect(given.length).toBe(2);
  expect(live()).toBe(0);
  expect(devices.getState().camera.track).toBeNull();
});

it('opens anew after it was stopped, and stops what it opened', async () => {
  const devices = new Devices(CLASSROOM_PICTURE);
  devices.start();
  await settle();
  devices.stop();
  expect(live()).toBe(0);
  devices.start();
  await settle();
  expect(live()).toBe(2);
});

it('asks a person who refused only when asked to', async () => {
  answer = async () => {
    throw new DOMException('', 'NotAllowedError');
  };
  const devices = new Devices(CLASSROOM_PICTURE);
  devices.start();
  await settle();
  expect(devices.getState().camera.trouble).toBe('denied');
  const before = asked;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(before);
  answer = async (constraints) => stream(constraints);
  await devices.open();
  expect(devices.getState().camera.track).not.toBeNull();
});

it('looks again by itself for a camera that is not there', async () => {
  answer = async () => {
    throw new DOMException('', 'NotFoundError');
  };
  const devices = new Devices(CLASSROOM_PICTURE);
  devices.start();
  await settle();
  answer = async (constraints) => stream(constraints);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(devices.getState().camera.track).not.toBeNull();
});
