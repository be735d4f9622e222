// What a page shows of itself to tests and to the person who looks for a fault. Read only.
import type { LinkState } from './media/link';
import type { SessionState } from './session/state';

declare global {
  /** Of the web client (vite.config.ts). */
  const __VERSION__: string;
  interface Window {
    __tongtang?: {
      session: { state: () => SessionState };
      media: {
        state: () => { publish: LinkState; subscribe: LinkState };
        stats: () => Promise<{ publish: RTCStats[]; subscribe: RTCStats[] }>;
        slots: () => readonly string[];
      };
    };
  }
}
