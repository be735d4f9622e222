// One key an action on the teacher's page; never while somebody types.
import { useEffect, useRef } from 'react';

export type KeyMap = Record<string, () => void>;

export function useKeys(keys: KeyMap): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const target = event.target as HTMLElement;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest('[role="dialog"]') !== null)
        return;
      const what = latest.current[event.key.toLowerCase()];
      if (what === undefined) return;
      event.preventDefault();
      what();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
