// A page's session with signaling over one WebSocket: hello, resume, numbering, requests, reconnecting for ever.
//
// In: the socket's messages. Out: `state` with its listeners, and the outcome of each request. The socket and the
// clock are given from outside, so that tests run it without a browser. It knows no DOM and no React.
import type { Action, Numbered, PageMessage, Problem } from '../protocol/types';
import { backoffMs } from './backoff';
import { afterMessage, beginning, isFinal, type SessionState } from './state';

/** A ping this often keeps proxies from closing the socket and finds a dead one. */
const PING_EVERY_MS = 10_000;

/** Nothing heard for this long after a ping: the socket is dead, whatever TCP thinks. */
const SILENCE_MS = 8_000;

/** Requests waiting for an answer. Above it new ones fail at once: a person cannot press this fast. */
const MAX_WAITING = 64;

/** A request lives this long over reconnects; then its button says that it failed. */
const REQUEST_MS = 15_000;

/** A WebSocket, as far as the session needs one. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

export interface Surroundings {
  connect(): Socket;
  now(): number;
  random(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  later(ms: number, what: () => void): () => void;
}

export type Outcome =
  | { kind: 'done' }
  | { kind: 'refused'; problem: Problem }
  /** No answer: offline, or signaling is busy. */
  | { kind: 'unanswered' };

interface Waiting {
  action: Action;
  settle: (outcome: Outcome) => void;
  cancelTimeout: () => void;
}

export class Session {
  private present: SessionState = beginning;
  private listeners = new Set<() => void>();
  private socket: Socket | null = null;
  private cancelRetry: (() => void) | null = null;
  private cancelPing: (() => void) | null = null;
  private cancelSilence: (() => void) | null = null;
  private sessionId: string | null = null;
  private lastSeq = 0;
  private nextId = 1;
  private attempts = 0;
  private waiting = new Map<number, Waiting>();
  /** Signaling has yet to hear that the participant's place is this page's. */
  private claims = false;
  /** The claim that signaling has not yet answered. Not among `waiting`: said again late, it would take the place back. */
  private claimId: number | null = null;

  constructor(
    private readonly credential: string,
    private readonly around: Surroundings,
  ) {}

  // Bound, so that React's useSyncExternalStore can take them as they are.
  readonly getState = (): SessionState => this.present;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    if (this.socket === null && this.cancelRetry === null) this.open();
  }

  /** Leaves for good. Requests still waiting come back unanswered. */
  stop(): void {
    this.change({ ...this.present, connection: { kind: 'stopped' } });
    this.dropSocket();
    this.cancelRetry?.();
    this.cancelRetry = null;
    for (const id of [...this.waiting.keys()]) this.settle(id, { kind: 'unanswered' });
  }

  /** The network changed or came back: try now instead of after the wait. */
  hurry(): void {
    if (this.cancelRetry === null) return;
    this.cancelRetry();
    this.cancelRetry = null;
    this.open();
  }

  /** Signaling's clock. */
  serverNow(): number {
    return this.around.now() + this.present.clockOffsetMs;
  }

  /** From now on the participant's media is this page's; its other pages are told. */
  takePlace(): void {
    this.claims = true;
    this.change({ ...this.present, place: 'ours' });
    this.claim();
  }

  /** Every action may be asked twice with the effect of once, so it is simply said again after a reconnect. */
  request(action: Action): Promise<Outcome> {
    const { kind } = this.present.connection;
    if (kind === 'stopped' || kind === 'refused' || this.waiting.size >= MAX_WAITING) {
      return Promise.resolve({ kind: 'unanswered' });
    }
    return new Promise((settle) => {
      const id = this.nextId++;
      const cancelTimeout = this.around.later(REQUEST_MS, () => this.settle(id, { kind: 'unanswered' }));
      this.waiting.set(id, { action, settle, cancelTimeout });
      if (kind === 'online') this.say({ type: 'request', id, action });
    });
  }

  private open(): void {
    const socket = this.around.connect();
    this.socket = socket;
    socket.onopen = () => {
      const resume =
        this.sessionId === null ? {} : { resume: { session_id: this.sessionId, last_seq: this.lastSeq } };
      this.say({ type: 'hello', credential: this.credential, ...resume });
      // A resumed session with nothing missed hears nothing: the pong says that we are in.
      this.ping();
    };
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = () => this.broke();
    this.listenForSilence();
  }

  private hear(data: unknown): void {
    const message = typeof data === 'string' ? parse(data) : null;
    if (message === null) {
      this.broke();
      return;
    }
    this.listenForSilence();
    if (message.type === 'refused' && message.id === 0) {
      this.turnedAway(message.problem);
      return;
    }
    if (message.seq !== 0 && message.type !== 'welcome') {
      if (message.seq <= this.lastSeq) return;
      if (message.seq !== this.lastSeq + 1) {
        // A hole means that something we show is wrong: begin afresh.
        this.sessionId = null;
        this.broke();
        return;
      }
    }
    if (message.type === 'welcome') this.sessionId = message.session_id;
    if (message.seq !== 0 || message.type === 'welcome') this.lastSeq = message.seq;

    // A server that was started again knows no places: it is told anew.
    if (message.type === 'welcome') this.claims = this.present.place === 'ours';
    if (message.type === 'replaced') this.claims = false;
    if (message.type === 'replaced' || (message.type === 'ack' && message.id === this.claimId)) {
      this.claimId = null;
    }

    const wasOnline = this.present.connection.kind === 'online';
    const next = afterMessage(this.present, message, this.around.now());
    this.attempts = 0;
    if (next !== this.present || !wasOnline) this.change({ ...next, connection: { kind: 'online' } });
    if (message.type === 'ack') this.settle(message.id, { kind: 'done' });
    if (message.type === 'refused') {
      this.settle(message.id, { kind: 'refused', problem: message.problem });
    }
    if (!wasOnline) {
      if (this.claimId !== null) this.claims = true;
      for (const [id, { action }] of this.waiting) this.say({ type: 'request', id, action });
    }
    this.claim();
  }

  private claim(): void {
    if (!this.claims || this.present.connection.kind !== 'online') return;
    this.claims = false;
    this.claimId = this.nextId++;
    this.say({ type: 'request', id: this.claimId, action: { do: 'take_place' } });
  }

  private turnedAway(problem: Problem): void {
    if (!isFinal(problem)) {
      this.broke();
      return;
    }
    this.dropSocket();
    this.change({ ...this.present, connection: { kind: 'refused', problem } });
    for (const id of [...this.waiting.keys()]) this.settle(id, { kind: 'refused', problem });
  }

  private broke(): void {
    this.dropSocket();
    if (this.present.connection.kind === 'stopped' || this.cancelRetry !== null) return;
    this.attempts += 1;
    this.change({ ...this.present, connection: { kind: 'lost', attempts: this.attempts } });
    this.cancelRetry = this.around.later(backoffMs(this.attempts, this.around.random()), () => {
      this.cancelRetry = null;
      this.open();
    });
  }

  private ping(): void {
    this.say({ type: 'ping' });
    this.cancelPing?.();
    this.cancelPing = this.around.later(PING_EVERY_MS, () => this.ping());
  }

  private listenForSilence(): void {
    this.cancelSilence?.();
    this.cancelSilence = this.around.later(PING_EVERY_MS + SILENCE_MS, () => this.broke());
  }

  private dropSocket(): void {
    this.cancelPing?.();
    this.cancelSilence?.();
    this.cancelPing = null;
    this.cancelSilence = null;
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  private say(message: PageMessage): void {
    this.socket?.send(JSON.stringify(message));
  }

  private settle(id: number, outcome: Outcome): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    this.waiting.delete(id);
    waiting.cancelTimeout();
    waiting.settle(outcome);
  }

  private change(next: SessionState): void {
    this.present = next;
    for (const listener of [...this.listeners]) listener();
  }
}

function parse(text: string): Numbered | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { seq, type } = value as Record<string, unknown>;
    return typeof seq === 'number' && typeof type === 'string' ? (value as Numbered) : null;
  } catch {
    return null;
  }
}
