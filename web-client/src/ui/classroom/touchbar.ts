// The few things a person at a touch panel or keyboard may want; hidden unless somebody touches the screen.
import { el, say } from './dom';
import { text } from './words';

const SHOWN_MS = 6_000;

export interface TouchActions {
  raiseHand(): void;
  mute(): void;
  newCode(): void;
}

export interface Touch {
  element: HTMLElement;
  draw(state: { inLesson: boolean; handUp: boolean; muted: boolean }): void;
  close(): void;
}

export function touchBar(actions: TouchActions): Touch {
  const button = (name: string, what: () => void) => {
    const made = el('button', { type: 'button', 'data-testid': `touch-${name}` });
    made.addEventListener('click', what);
    return made;
  };
  const raise = button('hand', actions.raiseHand);
  const mute = button('mute', actions.mute);
  const full = button(
    'full',
    () => void document.documentElement.requestFullscreen?.().catch(() => undefined),
  );
  const code = button('code', actions.newCode);
  const element = el('nav', { class: 'touchbar', 'data-testid': 'touchbar' }, raise, mute, full, code);
  element.hidden = true;

  let timer: ReturnType<typeof setTimeout> | null = null;
  const show = () => {
    element.hidden = false;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => {
      element.hidden = true;
    }, SHOWN_MS);
  };
  const onKey = (event: KeyboardEvent) => {
    // Somebody types a code or a name.
    if (document.body.classList.contains('pairing')) return;
    if (event.key === 'h' || event.key === 'H') actions.raiseHand();
    else if (event.key === 'm' || event.key === 'M') actions.mute();
    else if (event.key === 'Tab' || event.key === 'Escape') show();
  };
  document.addEventListener('pointerdown', show);
  document.addEventListener('keydown', onKey);

  return {
    element,
    draw({ inLesson, handUp, muted }) {
      say(raise, inLesson ? (handUp ? text.lower : text.raise) : '');
      say(mute, inLesson ? (muted ? text.unmute : text.mute) : '');
      say(full, document.fullscreenElement === null ? text.fullScreen : '');
      say(code, text.newCode);
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      document.removeEventListener('pointerdown', show);
      document.removeEventListener('keydown', onKey);
    },
  };
}
