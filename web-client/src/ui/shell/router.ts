// The addresses of the desk pages. Five pages need no router library: a path is a state, `go` changes it.
import { useSyncExternalStore } from 'react';

export type Route =
  | { page: 'home' }
  | { page: 'setup'; secret: string | null }
  | { page: 'teach'; credential: string | null }
  | { page: 'library' }
  | { page: 'player'; resource: string }
  | { page: 'unknown' };

export function readRoute(path: string, hash: string): Route {
  const fragment = hash.length > 1 ? decodeURIComponent(hash.slice(1)) : null;
  const trimmed = path.replace(/\/+$/, '') || '/';
  if (trimmed === '/' || trimmed === '/index.html') return { page: 'home' };
  if (trimmed === '/setup') return { page: 'setup', secret: fragment };
  if (trimmed === '/teach') return { page: 'teach', credential: fragment };
  if (trimmed === '/library') return { page: 'library' };
  const resource = /^\/library\/([A-Za-z0-9_-]{1,64})$/.exec(trimmed)?.[1];
  if (resource !== undefined) return { page: 'player', resource };
  return { page: 'unknown' };
}

const listeners = new Set<() => void>();
const announce = () => {
  for (const listener of listeners) listener();
};

export function go(path: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', path);
  else history.replaceState(null, '', path);
  announce();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  window.addEventListener('hashchange', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
    window.removeEventListener('hashchange', listener);
  };
}

/** The present address; a component that uses it is drawn anew when the address changes. */
export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => `${location.pathname}\n${location.hash}`);
  const [path = '/', hash = ''] = address.split('\n');
  return readRoute(path, hash);
}
