// What a question to the server comes back as: a value or a failure that says what to do next.
import type { Problem } from './types';

export type Failure =
  /** No answer at all: cable, Wi-Fi or server. */
  | { kind: 'offline' }
  /** The server said no, in words. */
  | { kind: 'refused'; problem: Problem; retryAfterS: number | null };

export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export const success = <T>(value: T): Result<T> => ({ ok: true, value });
export const failed = (failure: Failure): Result<never> => ({ ok: false, failure });

/** A problem (RFC 9457) from whatever a server or a proxy before it answered. */
export function readProblem(status: number, contentType: string | null, body: string): Problem {
  if (contentType?.includes('json')) {
    try {
      const parsed: unknown = JSON.parse(body);
      if (typeof parsed === 'object' && parsed !== null && 'title' in parsed) {
        const { type, title, detail } = parsed as Record<string, unknown>;
        return {
          type: typeof type === 'string' ? type : 'unknown',
          title: String(title),
          status,
          ...(typeof detail === 'string' ? { detail } : {}),
        };
      }
    } catch {
      // Not JSON after all: the status has to do.
    }
  }
  return { type: 'http', title: `HTTP ${status}`, status };
}

/** `Retry-After` in seconds; dates are not used by our server. */
export function retryAfter(headers: Headers): number | null {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
