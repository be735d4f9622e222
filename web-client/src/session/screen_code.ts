// A screen that waits to be paired: it asks for a code, and again and again what became of it, until somebody has typed it.
//
// In: the server's answers. Out: `state` with its listeners, and the credential. Asking and the clock are given from outside,
// so that tests run it without a browser.
import type { Failure, Result } from '../protocol/result';
import type { ScreenPairing } from '../protocol/types';
import { backoffMs } from './backoff';

/** Two questions are never closer than this, whatever is answered. */
const ASK_AT_MOST_EVERY_MS = 1_000;

export type Trouble =
  /** No answer: the network or the server. */
  | 'offline'
  /** The server has given out as many codes as it may. */
  | 'crowded';

export interface CodeState {
  /** What to show; null: none yet, or the last one is over. */
  code: string | null;
  trouble: Trouble | null;
}

export interface Surroundings {
  ask(secret: string | null, shown: string | null): Promise<Result<ScreenPairing>>;
  /** What the screen was given with its first code, kept over reloads. */
  secret(): string | null;
  keep(secret: string | null): void;
  now(): number;
  random(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  later(ms: number, what: () => void): () => void;
}

export class ScreenCode {
  private present: CodeState = { code: null, trouble: null };
  private listeners = new Set<() => void>();
  private endsAt = 0;
  private attempts = 0;
  private stopped = false;
  private cancel: (() => void) | null = null;

  constructor(
    private readonly around: Surroundings,
    /** The screen is paired, and this is its credential. */
    private readonly paired: (credential: string) => void,
  ) {}

  readonly getState = (): CodeState => this.present;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    if (this.cancel === null) void this.ask();
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
    this.cancel = null;
  }

  /** The network is back: ask now instead of after the wait. */
  hurry(): void {
    if (this.cancel === null) return;
    this.cancel();
    this.cancel = null;
    void this.ask();
  }

  private async ask(): Promise<void> {
    const askedAt = this.around.now();
    const secret = this.around.secret();
    // After a failure an answer is wanted at once: that the server is back should be seen.
    const shown = this.present.trouble === null ? this.present.code : null;
    const answer = await this.around.ask(secret, shown);
    if (this.stopped) return;
    // What is no answer of ours (a proxy's, an empty one) counts as none.
    const pairing = answer.ok ? answer.value : null;
    if (pairing?.state !== 'paired' && pairing?.state !== 'waiting') {
      return this.failed(answer.ok ? { kind: 'offline' } : answer.failure);
    }
    this.attempts = 0;
    if (pairing.state === 'paired') {
      if (secret === null) return this.again(ASK_AT_MOST_EVERY_MS);
      this.stopped = true;
      this.paired(secret);
      this.around.keep(null);
      return;
    }
    const { code, expires_in_s } = pairing;
    this.around.keep(pairing.secret);
    this.endsAt = this.around.now() + expires_in_s * 1000;
    this.change({ code, trouble: null });
    this.again(Math.max(0, askedAt + ASK_AT_MOST_EVERY_MS - this.around.now()));
  }

  private failed(failure: Failure): void {
    this.attempts += 1;
    // Whatever the server does not like about the secret, it gives another.
    if (failure.kind === 'refused' && failure.problem.status === 422) this.around.keep(null);
    const isOver = this.around.now() >= this.endsAt;
    this.change({
      code: isOver ? null : this.present.code,
      trouble: isCrowded(failure) ? 'crowded' : 'offline',
    });
    const askedMs = failure.kind === 'refused' ? (failure.retryAfterS ?? 0) * 1000 : 0;
    this.again(Math.max(askedMs, backoffMs(this.attempts, this.around.random())));
  }

  private again(ms: number): void {
    this.cancel = this.around.later(ms, () => {
      this.cancel = null;
      void this.ask();
    });
  }

  private change(next: CodeState): void {
    if (next.code === this.present.code && next.trouble === this.present.trouble) return;
    this.present = next;
    for (const listener of [...this.listeners]) listener();
  }
}

function isCrowded(failure: Failure): boolean {
  return failure.kind === 'refused' && (failure.problem.status === 429 || failure.problem.type === 'limit');
}
