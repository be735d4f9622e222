// Which of the two languages a page speaks: `?lang=`, then what was chosen before, then the browser's.

export type Language = 'zh' | 'en';

const STORED = 'tongtang.language';

/** Chinese unless the browser or the person clearly says otherwise. */
export function chooseLanguage(search: string, stored: string | null, browser: string): Language {
  const asked = new URLSearchParams(search).get('lang') ?? stored ?? browser;
  return /^en/i.test(asked) ? 'en' : /^zh/i.test(asked) || asked === '' ? 'zh' : 'en';
}

export const language: Language = chooseLanguage(
  location.search,
  localStorage.getItem(STORED),
  navigator.language,
);

/** What `<html lang>` and `Accept-Language` say. */
export const languageTag = language === 'zh' ? 'zh-CN' : 'en';

/** How days are written: a day before its month in English too, as the server's sentences have it. */
export const dateTag = language === 'zh' ? 'zh-CN' : 'en-GB';

/** Remembers the other language and loads the page anew: the simplest switch that leaves nothing half translated. */
export function switchLanguage(to: Language): void {
  localStorage.setItem(STORED, to);
  const url = new URL(location.href);
  url.searchParams.delete('lang');
  if (url.href === location.href) location.reload();
  else location.replace(url);
}

/** A view's words: both languages have the same keys, and the page gets its own. */
export function words<T>(zh: T, en: NoInfer<T>): T {
  return language === 'zh' ? zh : en;
}
