// What the browser's tab says: the product's name, then the page, in the page's language.
import { language } from './language';

/** The product's name. */
export const PRODUCT = language === 'zh' ? '同堂' : 'Tongtang';

export function setTitle(page: string): void {
  document.title = `${PRODUCT} · ${page}`;
}
