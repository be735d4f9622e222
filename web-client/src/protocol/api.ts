// Signaling's HTTP API, typed: sessions, lessons, devices, the library. The county's part is county.ts.
import { ask } from './ask';
import type {
  LessonAccess,
  LessonView,
  NewLesson,
  Paired,
  ResourceView,
  ScreenClaim,
  ScreenPairing,
  ScreenView,
  SessionView,
} from './types';

const id = encodeURIComponent;

export const api = {
  session: () => ask<SessionView>('GET', '/api/session'),
  signOut: () => ask<void>('DELETE', '/api/session'),
  setUp: (secret: string) => ask<void>('POST', '/api/setup', { secret }),
  teacherSession: (credential: string) => ask<void>('POST', '/api/teacher-session', { credential }),

  lessons: () => ask<LessonView[]>('GET', '/api/lessons'),
  createLesson: (lesson: NewLesson) => ask<LessonAccess>('POST', '/api/lessons', lesson),
  lessonAccess: (lesson: string) => ask<LessonAccess>('GET', `/api/lessons/${id(lesson)}/access`),
  endLesson: (lesson: string) => ask<void>('POST', `/api/lessons/${id(lesson)}/end`, {}),

  /** A screen that has a credential shows it and stays the same device. */
  pair: (code: string, name: string | null, credential: string | null) =>
    ask<Paired>('POST', '/api/devices/pair', name === null ? { code } : { code, name }, credential),
  /** A screen that waits asks for a code to show, and what became of it: an answer may take ten seconds. */
  askCode: (secret: string | null, shown: string | null) =>
    ask<ScreenPairing>('POST', '/api/screen-codes', { secret, shown }),
  claimScreen: (claim: ScreenClaim) => ask<ScreenView>('POST', '/api/devices', claim),
  devices: () => ask<ScreenView[]>('GET', '/api/devices'),
  renameDevice: (device: string, name: string) =>
    ask<ScreenView>('PATCH', `/api/devices/${id(device)}`, { name }),
  /** Where a screen stands: there it joins the timetable's lessons by itself. */
  placeDevice: (device: string, room: string | null) =>
    ask<ScreenView>('PUT', `/api/devices/${id(device)}/classroom`, { classroom_id: room }),
  removeDevice: (device: string) => ask<void>('DELETE', `/api/devices/${id(device)}`),

  library: () => ask<ResourceView[]>('GET', '/api/library'),
  resource: (resource: string) => ask<ResourceView>('GET', `/api/library/${id(resource)}`),
  retryJob: (resource: string) => ask<void>('POST', `/api/library/${id(resource)}/retry`, {}),
  cancelJob: (resource: string) => ask<void>('POST', `/api/library/${id(resource)}/cancel`, {}),
  removeResource: (resource: string) => ask<void>('DELETE', `/api/library/${id(resource)}`),
} as const;

/** Where changes of resources arrive, as server-sent events of one ResourceView each. */
export const LIBRARY_EVENTS = '/api/library/events';

/** Where a page's lesson WebSocket is. */
export function lessonSocketUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/ws`;
}
