import { expect, it } from 'vitest';
import { MuteSwitch } from './mute';

it('obeys the press at once, whatever lesson messages are still under way', () => {
  const mute = new MuteSwitch();
  const press = mute.press(true);
  mute.hears(false);
  expect(mute.isMuted(false)).toBe(true);
  mute.settle(press, { kind: 'done' });
  mute.hears(false);
  expect(mute.isMuted(false)).toBe(true);
  mute.hears(true);
  expect(mute.isMuted(true)).toBe(true);
  // From here on the server's word counts again.
  expect(mute.isMuted(false)).toBe(false);
});

it('keeps the microphone off when nobody answered, says so, and turns it on at the next press', () => {
  const mute = new MuteSwitch();
  mute.settle(mute.press(true), { kind: 'unanswered' });
  expect(mute.isMuted(false)).toBe(true);
  const press = mute.press(false);
  expect(mute.isMuted(false)).toBe(false);
  mute.settle(press, { kind: 'done' });
  mute.hears(false);
  expect(mute.isMuted(false)).toBe(false);
});

it('does not claim to be heard when the server never heard of it', () => {
  const mute = new MuteSwitch();
  const press = mute.press(false);
  expect(mute.isMuted(true)).toBe(false);
  mute.settle(press, { kind: 'unanswered' });
  expect(mute.isMuted(true)).toBe(true);
});

it('goes back when it is refused', () => {
  const mute = new MuteSwitch();
  const press = mute.press(true);
  mute.settle(press, { kind: 'refused', problem: { type: 'not_allowed', title: '', status: 403 } });
  expect(mute.isMuted(false)).toBe(false);
});

it('listens to the last of two quick presses', () => {
  const mute = new MuteSwitch();
  const first = mute.press(true);
  const second = mute.press(false);
  mute.settle(first, { kind: 'refused', problem: { type: 'not_allowed', title: '', status: 403 } });
  expect(mute.isMuted(true)).toBe(false);
  mute.settle(second, { kind: 'done' });
  mute.hears(false);
  expect(mute.isMuted(true)).toBe(true);
});
