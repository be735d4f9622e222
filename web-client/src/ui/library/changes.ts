// The server's stream of resource changes; the browser reconnects by itself.
import { LIBRARY_EVENTS } from '../../protocol/api';
import type { ResourceView } from '../../protocol/types';
import { readChange } from './shelf';

/** A server that only restarts is back within this; browsers connect anew after three seconds. */
const SILENT_AFTER_MS = 8_000;

export interface ChangeListener {
  changed(resource: ResourceView): void;
  removed(id: string): void;
  /** After a gap in the stream: what was missed has to be asked for. */
  again(): void;
  /** The stream is broken for a while, or back. */
  heard?(well: boolean): void;
}

export function followChanges({ changed, removed, again, heard }: ChangeListener): () => void {
  const source = new EventSource(LIBRARY_EVENTS);
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
  const hear = (event: MessageEvent<string>) => {
    const resource = readChange(event.data);
    if (resource !== null) changed(resource);
  };
  source.onmessage = hear;
  source.addEventListener('resource', hear);
  source.addEventListener('removed', (event) => removed(event.data));
  return () => {
    if (patience !== null) clearTimeout(patience);
    source.close();
  };
}
