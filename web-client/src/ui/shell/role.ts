// Who is asking, for pages that offer only what the server would let them do.
import { useEffect, useState } from 'react';
import { api } from '../../protocol/api';
import type { SessionView } from '../../protocol/types';
import type { Route } from './router';

export type DeskRole = SessionView['role'];

/** One question for all that is on the page, asked again at each page: a link or a press may have changed it. */
let asked: { page: string; answer: Promise<DeskRole> } | null = null;

function ask(page: string): Promise<DeskRole> {
  if (asked?.page !== page) {
    const answer = api.session().then((session): DeskRole => (session.ok ? session.value.role : 'none'));
    asked = { page, answer };
  }
  return asked.answer;
}

/** `none` until it is known. */
export function useRole(page: Route['page']): DeskRole {
  const [role, setRole] = useState<DeskRole>('none');
  useEffect(() => {
    let current = true;
    void ask(page).then((known) => current && setRole(known));
    return () => {
      current = false;
    };
  }, [page]);
  return role;
}
