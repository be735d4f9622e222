import { expect, it } from 'vitest';
import { failed, type Result, success } from '../protocol/result';
import type { ScreenPairing } from '../protocol/types';
import { ScreenCode } from './screen_code';

const waiting = (code: string, secret = 'd.1'): Result<ScreenPairing> =>
  success({ state: 'waiting', code, secret, expires_in_s: 600 });
const refused = (status: number, retryAfterS: number | null) =>
  failed({ kind: 'refused', problem: { type: 'x', title: 'x', status }, retryAfterS });
const offline = failed({ kind: 'offline' });

/** A server that answers from a list, and a clock that is moved. */
class World {
  now = 0;
  secret: string | null = null;
  asked: [string | null, string | null][] = [];
  answers: Result<ScreenPairing>[] = [];
  credential: string | null = null;
  timers: { at: number; what: () => void }[] = [];
  readonly screen = new ScreenCode(
    {
      ask: async (secret, shown) => {
        this.asked.push([secret, shown]);
        return this.answers.shift() ?? offline;
      },
      secret: () => this.secret,
      keep: (secret) => {
        this.secret = secret;
      },
      now: () => this.now,
      random: () => 1,
      later: (ms, what) => {
        const timer = { at: this.now + ms, what };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((one) => one !== timer);
        };
      },
    },
    (credential) => {
      this.credential = credential;
    },
  );

  /** The next timer goes off; how long it took. */
  async next(): Promise<number> {
    const timer = this.timers.shift();
    if (timer === undefined) throw new Error('it asks no more');
    const passed = timer.at - this.now;
    this.now = timer.at;
    timer.what();
    await settled();
    return passed;
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

async function begun(...answers: Result<ScreenPairing>[]): Promise<World> {
  const world = new World();
  world.answers = answers;
  world.screen.start();
  await settled();
  return world;
}

it('shows a code, asks with what it shows, and ends with its secret as the credential', async () => {
  const world = await begun(waiting('123456'), waiting('654321'), success({ state: 'paired' }));
  expect(world.screen.getState()).toEqual({ code: '123456', trouble: null });
  await world.next();
  expect(world.screen.getState().code).toBe('654321');
  await world.next();
  expect(world.asked).toEqual([
    [null, null],
    ['d.1', '123456'],
    ['d.1', '654321'],
  ]);
  expect([world.credential, world.secret]).toEqual(['d.1', null]);
  expect(world.timers).toEqual([]);
});

it('keeps its code while the network is away, and not longer than the code counts', async () => {
  const world = await begun(waiting('123456'), offline);
  await world.next();
  expect(world.screen.getState()).toEqual({ code: '123456', trouble: 'offline' });
  while (world.now < 600_000) await world.next();
  await world.next();
  expect(world.screen.getState()).toEqual({ code: null, trouble: 'offline' });
  world.answers = [waiting('222222', 'd.2')];
  world.screen.hurry();
  await settled();
  expect(world.screen.getState()).toEqual({ code: '222222', trouble: null });
  expect(world.asked[2], 'that the server is back is asked without waiting').toEqual(['d.1', null]);
  expect(world.secret).toBe('d.2');
});

it('waits as long as the server says', async () => {
  const world = await begun(refused(429, 30), waiting('123456'));
  expect(world.screen.getState()).toEqual({ code: null, trouble: 'crowded' });
  expect(await world.next()).toBe(30_000);
  expect(world.screen.getState().code).toBe('123456');
});

it('asks again after an answer that is none', async () => {
  const world = await begun(success(undefined as unknown as ScreenPairing), waiting('123456'));
  expect(world.screen.getState()).toEqual({ code: null, trouble: 'offline' });
  await world.next();
  expect(world.screen.getState().code).toBe('123456');
});

it('gives up a secret that the server cannot read', async () => {
  const world = new World();
  world.secret = 'broken';
  world.answers = [refused(422, null), waiting('123456')];
  world.screen.start();
  await settled();
  await world.next();
  expect(world.asked[1]).toEqual([null, null]);
  expect(world.secret).toBe('d.1');
});

it('does not ask faster than once a second, and no more once it was left', async () => {
  const world = await begun(waiting('123456'), waiting('123456'));
  expect(await world.next()).toBe(1_000);
  world.screen.stop();
  expect(world.timers).toEqual([]);
  expect(world.asked.length).toBe(2);
});
