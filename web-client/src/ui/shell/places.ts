// Where somebody may go: only what the server would let them see.
import type { Act, SessionView } from '../../protocol/types';
import type { Route } from './router';
import { text } from './words';

export interface DeskPlace {
  to: string;
  /** The pages that belong to it. */
  pages: Route['page'][];
  words: string;
}

type Needs = Act | 'anybody' | 'account';

const PLACES: (DeskPlace & { needs: Needs })[] = [
  { to: '/today', pages: ['today'], words: text.today, needs: 'account' },
  { to: '/timetable', pages: ['timetable', 'terms'], words: text.timetable, needs: 'read_county' },
  { to: '/plans', pages: ['plans', 'plan'], words: text.plans, needs: 'schedule' },
  { to: '/ledger', pages: ['ledger'], words: text.ledger, needs: 'read_county' },
  { to: '/county', pages: ['county'], words: text.county, needs: 'read_county' },
  { to: '/', pages: ['home'], words: text.lessons, needs: 'anybody' },
  { to: '/library', pages: ['library', 'player'], words: text.library, needs: 'anybody' },
  { to: '/devices', pages: ['devices'], words: text.devices, needs: 'read_devices' },
  { to: '/accounts', pages: ['accounts'], words: text.accounts, needs: 'read_accounts' },
];

export function placesFor({ role, acts }: Pick<SessionView, 'role' | 'acts'>): DeskPlace[] {
  return PLACES.filter(({ needs }) => {
    if (needs === 'anybody') return true;
    if (needs === 'account') return role === 'account';
    return acts.includes(needs);
  });
}

/** Where this person's work begins: who schedules begins with the week, others with their day. */
export function firstPlaceFor(session: Pick<SessionView, 'role' | 'acts'>): DeskPlace | null {
  const places = placesFor(session);
  const week = places.find(({ to }) => to === '/timetable');
  return (session.acts.includes('schedule') ? week : undefined) ?? places[0] ?? null;
}
