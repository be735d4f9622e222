// The addresses of the desk pages. A dozen pages need no router library: a path is a state, `go` changes it.
import { useSyncExternalStore } from 'react';
import { thisTab } from '../../session/this_tab';

/** Pages whose whole state stands after `?` (query.ts). */
const COUNTY_PAGES = {
  '/county': 'county',
  '/timetable': 'timetable',
  '/timetable/terms': 'terms',
  '/plans': 'plans',
  '/ledger': 'ledger',
  '/today': 'today',
  '/accounts': 'accounts',
  '/devices': 'devices',
} as const;

export type CountyPage = (typeof COUNTY_PAGES)[keyof typeof COUNTY_PAGES];

export type Route =
  | { page: 'home' }
  | { page: 'setup'; secret: string | null }
  | { page: 'teach'; credential: string | null }
  | { page: 'library' }
  | { page: 'player'; resource: string }
  | { page: CountyPage }
  | { page: 'plan'; plan: string }
  | { page: 'sign-in'; secret: string | null }
  | { page: 'unknown' };

/** `kept` is the teacher's link this tab remembers: the address bar shows it to nobody. */
export function readRoute(path: string, hash: string, kept: string | null = null): Route {
  const fragment = readFragment(hash);
  const trimmed = path.replace(/\/+$/, '') || '/';
  if (trimmed === '/' || trimmed === '/index.html' || /^\/lessons(\/[\w-]+)?$/.test(trimmed)) {
    return { page: 'home' };
  }
  if (trimmed === '/setup') return { page: 'setup', secret: fragment };
  if (trimmed === '/teach') return { page: 'teach', credential: fragment ?? kept };
  if (trimmed === '/library') return { page: 'library' };
  const resource = /^\/library\/([A-Za-z0-9_-]{1,64})$/.exec(trimmed)?.[1];
  if (resource !== undefined) return { page: 'player', resource };
  if (trimmed === '/sign-in') return { page: 'sign-in', secret: fragment };
  if (Object.hasOwn(COUNTY_PAGES, trimmed))
    return { page: COUNTY_PAGES[trimmed as keyof typeof COUNTY_PAGES] };
  const plan = /^\/plans\/([A-Za-z0-9_-]{1,64})$/.exec(trimmed)?.[1];
  if (plan !== undefined) return { page: 'plan', plan };
  return { page: 'unknown' };
}

/** What stands after `#`, if it is a secret. A hand may have broken it on the way. */
function readFragment(hash: string): string | null {
  if (hash.length < 2) return null;
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}

/**
 * A teacher who shares the whole screen shows the address bar to every classroom and into the recording: the link's secret
 * leaves it as soon as it is read. The tab remembers it, over reloads too.
 */
function takeSecret(): void {
  const route = readRoute(location.pathname, location.hash);
  if (route.page !== 'teach' || route.credential === null) return;
  thisTab.keepCredential(route.credential);
  history.replaceState(null, '', location.pathname + location.search);
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

/** Once, before the first page is drawn: addresses are followed from here on. */
export function startRouter(): void {
  const onAddress = () => {
    takeSecret();
    announce();
  };
  window.addEventListener('popstate', onAddress);
  window.addEventListener('hashchange', onAddress);
  takeSecret();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The present address; a component that uses it is drawn anew when the address changes. */
export function useRoute(): Route {
  const address = useSyncExternalStore(
    subscribe,
    () => `${location.pathname}\n${location.hash}\n${thisTab.credential() ?? ''}`,
  );
  const [path = '/', hash = '', kept = ''] = address.split('\n');
  return readRoute(path, hash, kept === '' ? null : kept);
}

/** What stands after `?`. */
export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => location.search);
}
