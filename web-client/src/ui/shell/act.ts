// A press that asks the server for something: busy while it does, its failure in words.
import { useCallback, useState } from 'react';
import type { Failure, Result } from '../../protocol/result';

export interface Acting {
  busy: boolean;
  failure: Failure | null;
  /** The answer, or null if it failed: then `failure` says why. */
  act<T>(what: () => Promise<Result<T>>): Promise<T | null>;
  forget(): void;
}

export function useAct(): Acting {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const act = useCallback(async <T>(what: () => Promise<Result<T>>): Promise<T | null> => {
    setBusy(true);
    setFailure(null);
    const done = await what();
    setBusy(false);
    if (!done.ok) {
      setFailure(done.failure);
      return null;
    }
    // An empty answer is an answer.
    return done.value ?? ({} as T);
  }, []);
  const forget = useCallback(() => setFailure(null), []);
  return { busy, failure, act, forget };
}
