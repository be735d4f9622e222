// A stream of the server's events; the browser reconnects by itself.

/** A server that only restarts is back within this; browsers connect anew after three seconds. */
const SILENT_AFTER_MS = 8_000;

export interface Follower {
  /** By the event's name; `message` is an event without one. */
  events: Record<string, (data: string) => void>;
  /** After a gap in the stream: what was missed has to be asked for. */
  again(): void;
  /** The stream is broken for a while, or back. */
  heard?(well: boolean): void;
}

/** Until the answer is called. */
export function follow(address: string, { events, again, heard }: Follower): () => void {
  const source = new EventSource(address);
  let broke = false;
  let patience: ReturnType<typeof setTimeout> | null = null;
  source.onerror = () => {
    broke = true;
    patience ??= setTimeout(() => heard?.(false), SILENT_AFTER_MS);
  };
  source.onopen = () => {
    if (broke) again();
    broke = false;
    if (patience !== null) clearTimeout(patience);
    patience = null;
    heard?.(true);
  };
  for (const [name, hear] of Object.entries(events)) {
    source.addEventListener(name, (event: MessageEvent<string>) => hear(event.data));
  }
  return () => {
    if (patience !== null) clearTimeout(patience);
    source.close();
  };
}
