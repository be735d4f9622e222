// A screen that nobody has paired: it shows a code, read from eight metres, until somebody types that at a desk or a phone.
import { api } from '../../protocol/api';
import { ScreenCode } from '../../session/screen_code';
import { spacedCode } from '../../words/format';
import { kept } from './credential';
import { el, say } from './dom';
import { text } from './words';

export interface UnpairedPlan {
  /** Why the screen is not what it was. */
  notice: string;
  paired(credential: string): void;
  /** Somebody has a lesson's code instead; the key they pressed first, if it was one. */
  typeCode(first: string): void;
}

/** Shows the code in `place`. */
export function showUnpaired(place: HTMLElement, { notice, paired, typeCode }: UnpairedPlan): () => void {
  const code = new ScreenCode(
    {
      ask: api.askCode,
      secret: kept.secret,
      keep: kept.keepSecret,
      now: () => performance.now(),
      random: () => Math.random(),
      later: (ms, what) => {
        const timer = setTimeout(what, ms);
        return () => clearTimeout(timer);
      },
    },
    (credential) => {
      kept.keep(credential, kept.name());
      close();
      paired(credential);
    },
  );
  const digits = el('p', { class: 'digits', role: 'img', 'data-testid': 'screen-code' });
  const line = el('p', { class: 'trouble', role: 'status', 'data-testid': 'code-trouble' });
  const why = el('p', { class: 'notice', 'data-testid': 'code-notice' });
  const address = el('p', { class: 'address' }, `${location.origin}/devices`);
  const other = el(
    'button',
    { type: 'button', class: 'other', 'data-testid': 'type-code' },
    text.haveLessonCode,
  );
  other.addEventListener('click', () => typeCode(''));
  const view = el(
    'section',
    { class: 'unpaired', 'data-testid': 'unpaired' },
    el('div', { class: 'top' }, why, el('h1', {}, text.screenCode)),
    digits,
    el('div', { class: 'how' }, el('p', {}, text.screenCodeHow), address, line),
    other,
  );
  const draw = () => {
    const { code: shown, trouble } = code.getState();
    const spaced = shown === null ? '––– –––' : spacedCode(shown);
    if (digits.textContent !== spaced) {
      digits.textContent = spaced;
      digits.setAttribute(
        'aria-label',
        shown === null ? text.noScreenCode : `${text.screenCode}: ${shown.split('').join(' ')}`,
      );
    }
    digits.classList.toggle('none', shown === null);
    say(line, trouble === null ? '' : trouble === 'crowded' ? text.crowded : text.codeOffline);
  };
  const onKey = (event: KeyboardEvent) => {
    if (/^[0-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey) typeCode(event.key);
  };
  const hurry = () => code.hurry();
  const stopCode = code.subscribe(draw);
  const close = () => {
    code.stop();
    stopCode();
    document.removeEventListener('keydown', onKey);
    window.removeEventListener('online', hurry);
    view.remove();
  };
  document.addEventListener('keydown', onKey);
  window.addEventListener('online', hurry);
  say(why, notice);
  draw();
  place.append(view);
  code.start();
  return close;
}
