// Joins a session to a browser: its WebSocket, its clock, and its word that the network is back.
import { Session, type Socket } from './session';

export function openSession(credential: string, url: string): Session {
  const session = new Session(credential, {
    // Handlers that ignore their event are fine for a WebSocket; its types do not say so.
    connect: () => new WebSocket(url) as unknown as Socket,
    now: () => Date.now(),
    random: () => Math.random(),
    later: (ms, what) => {
      const timer = setTimeout(what, ms);
      return () => clearTimeout(timer);
    },
  });
  const hurry = () => session.hurry();
  window.addEventListener('online', hurry);
  const unsubscribe = session.subscribe(() => {
    if (session.getState().connection.kind !== 'stopped') return;
    window.removeEventListener('online', hurry);
    unsubscribe();
  });
  session.start();
  return session;
}
