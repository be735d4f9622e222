// The frame of desk pages: name, two places to go, the other language.
import { Button } from 'antd';
import type { ReactNode } from 'react';
import { api } from '../../protocol/api';
import { thisTab } from '../../session/this_tab';
import { language, switchLanguage } from '../../words/language';
import { PRODUCT } from '../../words/title';
import { useRole } from './role';
import { go, useRoute } from './router';
import { text } from './words';

function Place({ to, here, children }: { to: string; here: boolean; children: string }) {
  return (
    <a
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

export function DeskPage({ children }: { children: ReactNode }) {
  const { page } = useRoute();
  const role = useRole(page);
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
        <nav>
          <Place to="/" here={page === 'home'}>
            {text.lessons}
          </Place>
          <Place to="/library" here={page === 'library' || page === 'player'}>
            {text.library}
          </Place>
        </nav>
        <Button
          type="text"
          onClick={() => switchLanguage(language === 'zh' ? 'en' : 'zh')}
          data-testid="language"
        >
          {text.otherLanguage}
        </Button>
        {role !== 'none' && (
          <Button type="text" onClick={() => void signOut()} data-testid="sign-out">
            {text.signOut}
          </Button>
        )}
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
