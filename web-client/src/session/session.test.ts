import { describe, expect, it } from 'vitest';
import type { LessonView, Numbered, Welcome } from '../protocol/types';
import { type Outcome, Session, type Socket } from './session';

/** Time that only the test moves. */
class Clock {
  nowMs = 1_000_000;
  private timers: { at: number; what: () => void; done: boolean }[] = [];

  later = (ms: number, what: () => void) => {
    const timer = { at: this.nowMs + ms, what, done: false };
    this.timers.push(timer);
    return () => {
      timer.done = true;
    };
  };

  advance(ms: number) {
    const until = this.nowMs + ms;
    for (;;) {
      const due = this.timers.filter((t) => !t.done && t.at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.nowMs = due.at;
      due.done = true;
      due.what();
    }
    this.nowMs = until;
    this.timers = this.timers.filter((t) => !t.done);
  }

  get pending() {
    return this.timers.filter((t) => !t.done).length;
  }
}

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  said: Record<string, unknown>[] = [];
  closed = false;
  send(text: string) {
    this.said.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  hears(message: Numbered) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  requests() {
    return this.said.filter((message) => message.type === 'request');
  }
}

const lesson = (title: string): LessonView => ({
  id: 'l1',
  title,
  state: 'open',
  video_codec: 'h264',
  participants: [],
  record: false,
  recording: 'off',
});
const welcome = (session: string): Welcome => ({
  session_id: session,
  role: 'teacher',
  you: 'p1',
  lesson: lesson('one'),
  server_time: 1_500_000,
});

function setup() {
  const clock = new Clock();
  const sockets: FakeSocket[] = [];
  const session = new Session('secret', {
    connect: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    now: () => clock.nowMs,
    random: () => 1,
    later: clock.later,
  });
  session.start();
  const last = () => sockets[sockets.length - 1] as FakeSocket;
  const online = () => {
    last().onopen?.();
    last().hears({ seq: 1, type: 'welcome', ...welcome('s1') });
  };
  return { clock, sockets, session, last, online };
}

describe('a session', () => {
  it('says hello first and shows the welcome', () => {
    const { session, last, online } = setup();
    online();
    expect(last().said[0]).toEqual({ type: 'hello', credential: 'secret' });
    expect(session.getState().connection.kind).toBe('online');
    expect(session.getState().lesson?.title).toBe('one');
    expect(session.serverNow()).toBe(1_500_000);
  });

  it('resumes where it stopped hearing and takes each message once', () => {
    const { session, sockets, clock, last, online } = setup();
    online();
    last().hears({ seq: 2, type: 'lesson', lesson: lesson('two') });
    last().onclose?.();
    expect(session.getState().connection).toEqual({ kind: 'lost', attempts: 1 });
    clock.advance(250);
    expect(sockets.length).toBe(2);
    last().onopen?.();
    expect(last().said[0]).toMatchObject({ resume: { session_id: 's1', last_seq: 2 } });
    last().hears({ seq: 2, type: 'lesson', lesson: lesson('old') });
    expect(session.getState().lesson?.title).toBe('two');
    last().hears({ seq: 3, type: 'lesson', lesson: lesson('three') });
    expect(session.getState().lesson?.title).toBe('three');
    expect(session.getState().connection.kind).toBe('online');
  });

  it('is online again when nothing was missed, by the pong alone', () => {
    const { session, clock, last, online } = setup();
    online();
    last().onclose?.();
    clock.advance(250);
    last().onopen?.();
    last().hears({ seq: 0, type: 'pong' });
    expect(session.getState().connection.kind).toBe('online');
    expect(session.getState().lesson?.title).toBe('one');
  });

  it('begins afresh after a hole in the numbers', () => {
    const { clock, last, online } = setup();
    online();
    last().hears({ seq: 5, type: 'lesson', lesson: lesson('five') });
    clock.advance(250);
    last().onopen?.();
    expect(last().said[0]).toEqual({ type: 'hello', credential: 'secret' });
  });

  it('says an unanswered request again after a reconnect, with the same id', async () => {
    const { session, clock, last, online } = setup();
    online();
    let outcome: Outcome | null = null;
    const asked = session.request({ do: 'start' }).then((result) => {
      outcome = result;
    });
    const id = last().requests()[0]?.id as number;
    last().onclose?.();
    clock.advance(250);
    last().onopen?.();
    last().hears({ seq: 0, type: 'pong' });
    expect(last().requests()).toEqual([{ type: 'request', id, action: { do: 'start' } }]);
    last().hears({ seq: 2, type: 'ack', id });
    await asked;
    expect(outcome).toEqual({ kind: 'done' });
  });

  it('gives up a request nobody answers, and says so', async () => {
    const { session, clock, online } = setup();
    online();
    const asked = session.request({ do: 'start' });
    clock.advance(15_000);
    expect(await asked).toEqual({ kind: 'unanswered' });
  });

  it('stops trying when its credential is not accepted', () => {
    const { session, sockets, clock, last } = setup();
    last().onopen?.();
    const problem = { type: 'unknown_credential', title: '链接已失效', status: 401 };
    last().hears({ seq: 0, type: 'refused', id: 0, problem });
    expect(session.getState().connection).toEqual({ kind: 'refused', problem });
    clock.advance(600_000);
    expect(sockets.length).toBe(1);
  });

  it('goes on trying when signaling is only busy', () => {
    const { sockets, clock, last } = setup();
    last().onopen?.();
    last().hears({ seq: 0, type: 'refused', id: 0, problem: { type: 'busy', title: '', status: 503 } });
    clock.advance(250);
    expect(sockets.length).toBe(2);
  });

  it('finds a socket that went silent without closing', () => {
    const { session, clock, online } = setup();
    online();
    clock.advance(18_000);
    expect(session.getState().connection.kind).not.toBe('online');
  });

  it('survives a night without network and leaves no timers behind', () => {
    const { session, sockets, clock, last } = setup();
    for (let i = 0; i < 5_000; i += 1) {
      last().onclose?.();
      clock.advance(5_000);
    }
    expect(sockets.length).toBeGreaterThan(5_000);
    expect(clock.pending).toBeLessThan(4);
    expect(sockets.slice(0, -1).every((socket) => socket.closed)).toBe(true);
    session.stop();
    expect(clock.pending).toBe(0);
  });

  it('says that the place is its own, again after each welcome, and never after it was replaced', () => {
    const { session, clock, last, online } = setup();
    const claims = () =>
      last()
        .requests()
        .filter(({ action }) => (action as { do: string }).do === 'take_place');
    session.takePlace();
    expect(session.getState().place).toBe('ours');
    online();
    expect(claims().length).toBe(1);

    // Lost on its way: said again, once.
    last().onclose?.();
    clock.advance(250);
    last().onopen?.();
    last().hears({ seq: 0, type: 'pong' });
    expect(claims().length).toBe(1);

    const again = () => {
      last().onclose?.();
      clock.advance(250);
      last().onopen?.();
      last().hears({ seq: 1, type: 'welcome', ...welcome('s2') });
    };
    again();
    expect(claims().length).toBeGreaterThan(0);

    last().hears({ seq: 2, type: 'replaced' });
    expect(session.getState().place).toBe('replaced');
    again();
    expect(session.getState().place).toBe('replaced');
    expect(claims()).toEqual([]);

    session.takePlace();
    expect(claims().length).toBe(1);
  });

  it('remembers the lesson that ended, and none that goes on without it', () => {
    const { session, last, online } = setup();
    online();
    last().hears({ seq: 2, type: 'lesson', lesson: { ...lesson('one'), state: 'live' } });
    last().hears({ seq: 3, type: 'assigned' });
    expect(session.getState().over).toBeNull();
    last().hears({ seq: 4, type: 'assigned', lesson: { ...lesson('two'), state: 'live' } });
    last().hears({ seq: 5, type: 'lesson', lesson: { ...lesson('two'), state: 'ended' } });
    last().hears({ seq: 6, type: 'assigned' });
    expect(session.getState().over?.title).toBe('two');
    last().hears({ seq: 7, type: 'assigned', lesson: lesson('three') });
    expect(session.getState().over).toBeNull();
  });

  it('breaks off a socket that speaks something else', () => {
    const { session, last } = setup();
    last().onopen?.();
    last().onmessage?.({ data: '<html>' });
    expect(session.getState().connection.kind).toBe('lost');
  });
});
