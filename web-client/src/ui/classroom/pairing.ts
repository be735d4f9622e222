// A lesson's six digits: by touch on the pad or by keyboard. Ends with the classroom's credential.
import type { Failure } from '../../protocol/result';
import { kept, pairScreen } from './credential';
import { el, say } from './dom';
import { text } from './words';

const DIGITS = 6;

/** Longest classroom name, in characters. */
const MAX_NAME_CHARS = 40;

/** A pad that somebody opened over a screen and left goes away by itself after this long without a touch. */
const LEFT_ALONE_MS = 60_000;

export interface PairingPlan {
  /** Why one has to type again. */
  notice: string;
  /** A digit that was typed already. */
  first?: string;
  done(credential: string): void;
  /** There is a screen to go back to: by a button, by Escape, or by leaving the pad alone. */
  back?: () => void;
}

/** Shows the pad in `place`. */
export function showPairing(place: HTMLElement, { notice, first = '', done, back }: PairingPlan): () => void {
  let digits = first;
  let busy = false;
  let left = false;
  let countdown: ReturnType<typeof setInterval> | null = null;

  const boxes = Array.from({ length: DIGITS }, () => el('span', { class: 'box' }));
  const code = el('div', { class: 'code', role: 'img', 'data-testid': 'code' }, ...boxes);
  const message = el('p', { class: 'message', role: 'status', 'data-testid': 'pairing-message' });
  const name = el('input', {
    class: 'name',
    type: 'text',
    maxlength: String(MAX_NAME_CHARS),
    placeholder: text.roomNameExample,
    'aria-label': text.roomName,
    'data-testid': 'room-name',
    autocomplete: 'off',
  });
  name.value = kept.name();

  const draw = () => {
    boxes.forEach((box, index) => {
      box.textContent = digits[index] ?? '';
      box.classList.toggle('next', index === digits.length && !busy);
    });
    code.setAttribute('aria-label', `${text.enterCode}: ${digits.split('').join(' ')}`);
  };
  const clear = (words: string) => {
    digits = '';
    busy = false;
    say(message, words);
    draw();
  };
  const explain = (failure: Failure) => {
    if (failure.kind === 'offline') return clear(text.offline);
    if (failure.retryAfterS === null) {
      return clear(`${failure.problem.title} ${failure.problem.detail ?? text.tryAgain}`);
    }
    let seconds = Math.ceil(failure.retryAfterS);
    clear(text.tryIn(seconds));
    busy = true;
    if (countdown !== null) clearInterval(countdown);
    countdown = setInterval(() => {
      seconds -= 1;
      if (seconds > 0) return say(message, text.tryIn(seconds));
      if (countdown !== null) clearInterval(countdown);
      clear(text.tryAgain);
    }, 1000);
  };
  const submit = async () => {
    busy = true;
    say(message, text.joining);
    draw();
    const paired = await pairScreen(digits, name.value.trim());
    // Somebody went back meanwhile: the screen hears from the server what became of the code.
    if (left) return;
    if (!paired.ok) return explain(paired.failure);
    close();
    done(paired.value);
  };
  const goBack = () => {
    if (back === undefined) return;
    close();
    back();
  };
  let alone: ReturnType<typeof setTimeout> | null = null;
  const touched = () => {
    if (alone !== null) clearTimeout(alone);
    if (back !== undefined) alone = setTimeout(goBack, LEFT_ALONE_MS);
  };
  const press = (key: string) => {
    touched();
    if (busy) return;
    if (key === 'Backspace') digits = digits.slice(0, -1);
    else if (/^[0-9]$/.test(key) && digits.length < DIGITS) digits += key;
    else return;
    draw();
    if (digits.length === DIGITS) void submit();
  };
  const onKey = (event: KeyboardEvent) => {
    touched();
    if (event.key === 'Escape') return goBack();
    if (event.target === name || event.ctrlKey || event.metaKey) return;
    press(event.key);
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.target === name) return;
    for (const key of event.clipboardData?.getData('text').replace(/\D/g, '').slice(0, DIGITS) ?? '')
      press(key);
  };
  const pad = el('div', { class: 'pad' });
  for (const key of ['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0', 'Backspace']) {
    if (key === '') {
      pad.append(el('span'));
      continue;
    }
    const button = el(
      'button',
      { type: 'button', 'data-testid': `key-${key}` },
      key === 'Backspace' ? '⌫' : key,
    );
    if (key === 'Backspace') button.setAttribute('aria-label', text.erase);
    button.addEventListener('click', () => press(key));
    pad.append(button);
  }

  const backButton = el(
    'button',
    { type: 'button', class: 'back', 'data-testid': 'pairing-back' },
    text.back,
  );
  backButton.hidden = back === undefined;
  backButton.addEventListener('click', goBack);
  const view = el(
    'section',
    { class: 'pairing', 'data-testid': 'pairing' },
    el(
      'div',
      { class: 'ask' },
      el('h1', {}, text.enterCode),
      el('p', { class: 'hint' }, text.codeFrom),
      code,
      message,
      el('label', {}, text.roomName, name),
      backButton,
    ),
    pad,
  );
  const close = () => {
    document.removeEventListener('keydown', onKey);
    document.removeEventListener('paste', onPaste);
    if (countdown !== null) clearInterval(countdown);
    if (alone !== null) clearTimeout(alone);
    left = true;
    view.remove();
  };
  document.addEventListener('keydown', onKey);
  document.addEventListener('paste', onPaste);
  say(message, notice);
  draw();
  touched();
  place.append(view);
  return close;
}
