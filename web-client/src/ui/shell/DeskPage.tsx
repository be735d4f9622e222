// The frame of desk pages: name, two places to go, the other language.
import { Button } from 'antd';
import type { ReactNode } from 'react';
import { language, switchLanguage } from '../../words/language';
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

export function DeskPage({ children }: { children: ReactNode }) {
  const { page } = useRoute();
  return (
    <div className="desk">
      <a className="skip" href="#content">
        {text.skip}
      </a>
      <header className="desk-head">
        <span className="desk-name">
          <img src="/icon.svg" alt="" width="28" height="28" />
          {text.product}
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
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
