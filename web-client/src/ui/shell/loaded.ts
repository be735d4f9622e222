// Data a view needs from the server: asked once, asked again on retry, stale answers dropped.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Failure, Result } from '../../protocol/result';

export type Loaded<T> =
  | { kind: 'loading' }
  | { kind: 'failed'; failure: Failure }
  /** `staleSince`: asked again in vain; this is how it was then. */
  | { kind: 'ready'; value: T; staleSince: number | null };

/** `ask` must keep its identity (useCallback or a module's function). */
export function useLoaded<T>(ask: () => Promise<Result<T>>): {
  loaded: Loaded<T>;
  reload: () => void;
  replace: (change: (value: T) => T) => void;
} {
  const [loaded, setLoaded] = useState<Loaded<T>>({ kind: 'loading' });
  const [round, setRound] = useState(0);
  const answeredAt = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks again
  useEffect(() => {
    let current = true;
    void ask().then((result) => {
      if (!current) return;
      setLoaded((before) => {
        if (result.ok) {
          answeredAt.current = Date.now();
          return { kind: 'ready', value: result.value, staleSince: null };
        }
        // A failed refresh of what is already shown keeps it on the screen, and the screen says so.
        if (before.kind === 'ready') return { ...before, staleSince: answeredAt.current };
        return { kind: 'failed', failure: result.failure };
      });
    });
    return () => {
      current = false;
    };
  }, [ask, round]);
  const reload = useCallback(() => {
    setLoaded((before) => (before.kind === 'ready' ? before : { kind: 'loading' }));
    setRound((n) => n + 1);
  }, []);
  const replace = useCallback((change: (value: T) => T) => {
    setLoaded((before) => (before.kind === 'ready' ? { ...before, value: change(before.value) } : before));
  }, []);
  return { loaded, reload, replace };
}
