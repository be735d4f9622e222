// Keeps the screen on while a lesson may be on it (Screen Wake Lock API).

/** Until the returned function is called. */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  const ask = () => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    // Refused on battery saving; the screen's own settings then decide.
    void navigator.wakeLock
      .request('screen')
      .then((held) => {
        lock = held;
      })
      .catch(() => undefined);
  };
  document.addEventListener('visibilitychange', ask);
  ask();
  return () => {
    document.removeEventListener('visibilitychange', ask);
    void lock?.release().catch(() => undefined);
  };
}
