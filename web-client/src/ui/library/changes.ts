// The server's stream of resource changes.
import { LIBRARY_EVENTS } from '../../protocol/api';
import type { ResourceView } from '../../protocol/types';
import { type Follower, follow } from '../shell/follow';
import { readChange } from './shelf';

export interface ChangeListener extends Omit<Follower, 'events'> {
  changed(resource: ResourceView): void;
  removed(id: string): void;
}

export function followChanges({ changed, removed, ...rest }: ChangeListener): () => void {
  const hear = (data: string) => {
    const resource = readChange(data);
    if (resource !== null) changed(resource);
  };
  return follow(LIBRARY_EVENTS, { ...rest, events: { message: hear, resource: hear, removed } });
}
