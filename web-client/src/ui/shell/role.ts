// Who is asking, for pages that offer only what the server would let them do.
import { useEffect, useState } from 'react';
import { api } from '../../protocol/api';
import type { Act, SessionView } from '../../protocol/types';
import type { Route } from './router';

export type DeskRole = SessionView['role'];

const NOBODY: SessionView = { role: 'none', acts: [] };

/** One question for all that is on the page, asked again at each page: a link or a press may have changed it. */
let asked: { page: string; answer: Promise<SessionView> } | null = null;

function ask(page: string): Promise<SessionView> {
  if (asked?.page !== page) {
    const answer = api.session().then((session) => (session.ok ? session.value : NOBODY));
    asked = { page, answer };
  }
  return asked.answer;
}

/** Nobody until it is known. */
export function useSession(page: Route['page']): SessionView {
  const [session, setSession] = useState<SessionView>(NOBODY);
  useEffect(() => {
    let current = true;
    void ask(page).then((known) => current && setSession(known));
    return () => {
      current = false;
    };
  }, [page]);
  return session;
}

export function useRole(page: Route['page']): DeskRole {
  return useSession(page).role;
}

/** May the caller do this somewhere? Where, the server knows. */
export function useMay(page: Route['page'], act: Act): boolean {
  return useSession(page).acts.includes(act);
}
