// The frame of desk pages: name, where one may go, the other language.
import { Button } from 'antd';
import type { ReactNode } from 'react';
import { api } from '../../protocol/api';
import { thisTab } from '../../session/this_tab';
import { language, switchLanguage } from '../../words/language';
import { PRODUCT } from '../../words/title';
import { placesFor } from './places';
import { useSession } from './role';
import { go, type Route, useRoute } from './router';
import { text } from './words';

/** On a phone the places lie in a row that is wider than the screen. */
function shown(place: HTMLElement | null): void {
  place?.scrollIntoView({ inline: 'center', block: 'nearest' });
}

function Place({ to, here, children }: { to: string; here: boolean; children: string }) {
  return (
    <a
      ref={here ? shown : undefined}
      href={to}
      aria-current={here ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}

/** Not a link: what stands after `#` in our addresses is a secret. */
function skip(): void {
  document.getElementById('content')?.focus();
}

async function signOut(): Promise<void> {
  await api.signOut();
  thisTab.forget();
  location.assign('/');
}

/** Weeks and heat maps take what width there is. */
const WIDE: Route['page'][] = ['timetable', 'plan', 'ledger', 'county', 'pairings'];

export function DeskPage({ children }: { children: ReactNode }) {
  const { page } = useRoute();
  const session = useSession(page);
  const { role } = session;
  return (
    <div className="desk">
      <button type="button" className="skip" onClick={skip}>
        {text.skip}
      </button>
      <header className="desk-head">
        <span className="desk-name">
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span>{PRODUCT}</span>
        </span>
        <nav aria-label={text.pages}>
          {placesFor(session).map(({ to, pages, words }) => (
            <Place key={to} to={to} here={pages.includes(page)}>
              {words}
            </Place>
          ))}
        </nav>
        <Button
          type="text"
          onClick={() => switchLanguage(language === 'zh' ? 'en' : 'zh')}
          data-testid="language"
        >
          {text.otherLanguage}
        </Button>
        {role === 'none' ? (
          page !== 'sign-in' && (
            <Button type="text" onClick={() => go('/sign-in')} data-testid="to-sign-in">
              {text.signIn}
            </Button>
          )
        ) : (
          <Button
            type="text"
            onClick={() => void signOut()}
            title={session.account?.name ?? ''}
            data-testid="sign-out"
          >
            {text.signOut}
          </Button>
        )}
      </header>
      <main id="content" tabIndex={-1} className={WIDE.includes(page) ? 'wide' : undefined}>
        {children}
      </main>
    </div>
  );
}
