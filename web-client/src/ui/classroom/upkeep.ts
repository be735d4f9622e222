// Keeps a screen nobody touches alive for weeks: awake, full-screen, without a pointer, and on the server's version.
import { shanghaiHour } from '../../words/day';

/** The pointer hides after this long without moving. */
const POINTER_MS = 3_000;

/** Hours of the night in which an idle screen may load a new version of itself. */
const NIGHT = { from: 2, to: 5 };

const CHECK_VERSION_EVERY_MS = 20 * 60_000;

/**
 * Browsers give the full screen for a touch or key only, and take it back at each load. So every first one after a load asks,
 * until it is granted; whoever leaves the full screen after that wants to. Screens that nobody touches run in the
 * browser's kiosk mode (docs/operations.md).
 */
export function fullScreenOnTouch(): void {
  const gestures = ['pointerup', 'keydown'] as const;
  const stop = () => {
    for (const gesture of gestures) document.removeEventListener(gesture, ask);
  };
  const ask = async () => {
    if (document.fullscreenElement !== null) return stop();
    try {
      await document.documentElement.requestFullscreen();
      stop();
    } catch {
      // Refused for this gesture (a mouse wheel, Escape): the next may do.
    }
  };
  for (const gesture of gestures) document.addEventListener(gesture, ask);
}

export function hidePointer(): void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  document.addEventListener('pointermove', () => {
    document.body.classList.remove('still');
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => document.body.classList.add('still'), POINTER_MS);
  });
  document.body.classList.add('still');
}

/** The page names its scripts by their content: other names are another version. */
async function versionOnServer(): Promise<string | null> {
  try {
    const response = await fetch('/classroom', { cache: 'no-store' });
    if (!response.ok) return null;
    return scriptsOf(await response.text());
  } catch {
    return null;
  }
}

export function scriptsOf(html: string): string | null {
  const scripts = html.match(/\/assets\/[\w.-]+\.js/g);
  return scripts === null ? null : [...new Set(scripts)].sort().join(' ');
}

export function isNight(hour: number): boolean {
  return hour >= NIGHT.from && hour < NIGHT.to;
}

/** Loads the page anew at night, when it is idle and the server has another version of it. */
export function reloadAtNight(isIdle: () => boolean): void {
  const own = scriptsOf(document.documentElement.outerHTML);
  setInterval(async () => {
    if (own === null || !isNight(shanghaiHour(Date.now())) || !isIdle()) return;
    const there = await versionOnServer();
    if (there !== null && there !== own && isIdle()) location.reload();
  }, CHECK_VERSION_EVERY_MS);
}
