// The server's stream of resource changes; the browser reconnects by itself.
import { LIBRARY_EVENTS } from '../../protocol/api';
import type { ResourceView } from '../../protocol/types';
import { readChange } from './shelf';

export interface ChangeListener {
  changed(resource: ResourceView): void;
  removed(id: string): void;
  /** After a gap in the stream: what was missed has to be asked for. */
  again(): void;
  /** The stream broke, or is back. */
  heard?(well: boolean): void;
}

export function followChanges({ changed, removed, again, heard }: ChangeListener): () => void {
  const source = new EventSource(LIBRARY_EVENTS);
  let broke = false;
  source.onerror = () => {
    broke = true;
    heard?.(false);
  };
  source.onopen = () => {
    if (broke) again();
    broke = false;
    heard?.(true);
  };
  const hear = (event: MessageEvent<string>) => {
    const resource = readChange(event.data);
    if (resource !== null) changed(resource);
  };
  source.onmessage = hear;
  source.addEventListener('resource', hear);
  source.addEventListener('removed', (event) => removed(event.data));
  return () => source.close();
}
