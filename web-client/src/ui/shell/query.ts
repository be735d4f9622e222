// What stands after `?` in the address: the state of a desk page, so that each can be sent, kept and gone back to.
import { useCallback, useMemo } from 'react';
import { go, useSearch } from './router';

export type Changes = Record<string, string | number | null>;

/** The search with these changed; null takes one away. */
export function changed(search: string, changes: Changes): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(name);
    else params.set(name, String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** `set` is a new entry of the history unless told to replace the present one. */
export function useQuery(): {
  query: URLSearchParams;
  set: (changes: Changes, how?: 'push' | 'replace') => void;
} {
  const search = useSearch();
  const query = useMemo(() => new URLSearchParams(search), [search]);
  const set = useCallback((changes: Changes, how: 'push' | 'replace' = 'push') => {
    go(location.pathname + changed(location.search, changes), how);
  }, []);
  return { query, set };
}

/** A whole number of the address within these bounds, or null. */
export function numberIn(query: URLSearchParams, name: string, min: number, max: number): number | null {
  const text = query.get(name);
  if (text === null || !/^\d{1,4}$/.test(text)) return null;
  const value = Number(text);
  return value >= min && value <= max ? value : null;
}
