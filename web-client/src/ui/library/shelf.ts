// How changes of resources come into the list that is shown: pure.
import type { ResourceView } from '../../protocol/types';

/** Replaces the resource, or puts a new one first. */
export function withChange(shelf: ResourceView[], changed: ResourceView): ResourceView[] {
  if (shelf.some((one) => one.id === changed.id)) {
    return shelf.map((one) => (one.id === changed.id ? changed : one));
  }
  return [changed, ...shelf];
}

/** Titles that hold every word looked for, in any order. */
export function found(shelf: ResourceView[], looked: string): ResourceView[] {
  const parts = looked.toLowerCase().split(/\s+/).filter(Boolean);
  return shelf.filter((one) => parts.every((part) => one.title.toLowerCase().includes(part)));
}

/** What the server's event stream says, or null for something else. */
export function readChange(data: string): ResourceView | null {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null || !('id' in value) || !('job' in value)) return null;
    return value as ResourceView;
  } catch {
    return null;
  }
}
