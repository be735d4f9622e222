// One table's things of a place: loaded, changed in a drawer whose address is `?edit=ID` (or `new`), reloaded.
import { useCallback } from 'react';
import type { Failure, Result } from '../../protocol/result';
import { useAct } from '../shell/act';
import { type Loaded, useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';

export interface Kept {
  id: string;
}

export interface Of<View, Input> {
  list(org: string | null): Promise<Result<View[]>>;
  create(input: Input): Promise<Result<View>>;
  change(id: string, input: Input): Promise<Result<View>>;
  remove(id: string): Promise<Result<void>>;
}

export interface Things<View, Input> {
  loaded: Loaded<View[]>;
  reload(): void;
  /** What the drawer shows: a thing, a new one, or nothing. */
  editing: View | 'new' | null;
  edit(which: View | 'new' | null): void;
  busy: boolean;
  failure: Failure | null;
  save(input: Input): Promise<void>;
  remove: (() => void) | undefined;
}

/** `done` is told of every change. */
export function useThings<View extends Kept, Input>(
  of: Of<View, Input>,
  org: string | null,
  done?: () => void,
): Things<View, Input> {
  const ask = useCallback(() => of.list(org), [of, org]);
  const { loaded, reload } = useLoaded(ask);
  const { query, set } = useQuery();
  const { busy, failure, act, forget } = useAct();
  const asked = query.get('edit');
  const found =
    asked === null || loaded.kind !== 'ready' ? undefined : loaded.value.find((one) => one.id === asked);
  const editing = asked === 'new' ? 'new' : (found ?? null);
  const edit = (which: View | 'new' | null) => {
    forget();
    set({ edit: which === null || which === 'new' ? which : which.id });
  };
  const after = (answer: unknown) => {
    if (answer === null) return;
    edit(null);
    reload();
    done?.();
  };
  return {
    loaded,
    reload,
    editing,
    edit,
    busy,
    failure,
    save: async (input) =>
      after(await act(() => (found === undefined ? of.create(input) : of.change(found.id, input)))),
    remove:
      found === undefined
        ? undefined
        : () => void act(() => of.remove(found.id)).then((answer) => after(answer)),
  };
}
