// What a page knows of its lesson, and how each message of signaling changes it. Pure: no socket, no clock, no DOM.
import type {
  DeviceView,
  LessonView,
  MediaGrant,
  Numbered,
  Participant,
  Problem,
  Role,
} from '../protocol/types';

/** How the page stands with signaling. */
export type Connection =
  /** The first hello is on its way. */
  | { kind: 'connecting' }
  | { kind: 'online' }
  /** The connection broke; what the page shows is what it last knew. Media may well go on. */
  | { kind: 'lost'; attempts: number }
  /** The credential is not (or no longer) accepted: trying again is of no use. */
  | { kind: 'refused'; problem: Problem }
  | { kind: 'stopped' };

/** Whose is the participant's media? Two pages of one link cannot both have it. */
export type MediaPlace =
  /** This page has not asked for it. */
  | 'not_asked'
  | 'ours'
  /** Another page took it: this one rests until its person takes it back. */
  | 'replaced';

export interface SessionState {
  connection: Connection;
  place: MediaPlace;
  role: Role | null;
  you: string | null;
  device: DeviceView | null;
  lesson: LessonView | null;
  media: MediaGrant | null;
  /** For a classroom screen: the lesson it sat in until it was over. */
  over: LessonView | null;
  /** Add to the page's clock to get signaling's. */
  clockOffsetMs: number;
}

export const beginning: SessionState = {
  connection: { kind: 'connecting' },
  place: 'not_asked',
  role: null,
  you: null,
  device: null,
  lesson: null,
  media: null,
  over: null,
  clockOffsetMs: 0,
};

/** The state after a message; `nowMs` is the page's clock. */
export function afterMessage(state: SessionState, message: Numbered, nowMs: number): SessionState {
  switch (message.type) {
    case 'welcome':
      return {
        connection: { kind: 'online' },
        // A server that forgot the session knows nothing of places either.
        place: state.place,
        role: message.role,
        you: message.you ?? null,
        device: message.device ?? null,
        lesson: message.lesson ?? null,
        media: message.media ?? null,
        over: message.lesson == null ? leftBehind(state) : null,
        clockOffsetMs: message.server_time - nowMs,
      };
    case 'lesson':
      return { ...state, lesson: message.lesson };
    case 'media':
      return { ...state, media: message.media };
    case 'assigned':
      return {
        ...state,
        device: message.device ?? state.device,
        lesson: message.lesson ?? null,
        you: message.you ?? null,
        media: message.media ?? null,
        over: message.lesson == null ? leftBehind(state) : null,
      };
    case 'replaced':
      return { ...state, place: 'replaced' };
    default:
      return state;
  }
}

/** The lesson a screen was in, if it ended. A screen that was only sent out has none behind it. */
function leftBehind({ lesson, over }: SessionState): LessonView | null {
  if (lesson === null) return over;
  return isOver(lesson) ? lesson : null;
}

/** Statuses that a second hello with the same credential cannot change. */
export function isFinal(problem: Problem): boolean {
  return [401, 403, 404, 410].includes(problem.status);
}

/** May pages of this lesson send and receive media? */
export function hasMedia(lesson: LessonView | null): boolean {
  return lesson !== null && ['open', 'live', 'paused'].includes(lesson.state);
}

/** Ended, whatever becomes of its recording. */
export function isOver(lesson: LessonView): boolean {
  return !hasMedia(lesson) && lesson.state !== 'scheduled';
}

export function teacherOf(lesson: LessonView): Participant | null {
  return lesson.participants.find((participant) => participant.role === 'teacher') ?? null;
}

/** Classrooms in the order they were admitted, which is the order of the wall's slots. */
export function classroomsOf(lesson: LessonView): Participant[] {
  return lesson.participants.filter((participant) => participant.role === 'classroom');
}

export function participantOf(lesson: LessonView, id: string | null | undefined): Participant | null {
  return lesson.participants.find((participant) => participant.id === id) ?? null;
}

/** Raised hands, the one that went up first leading: participant → place from 1. */
export function handOrder(lesson: LessonView): Map<string, number> {
  const raised = lesson.participants
    .filter((participant) => participant.hand_raised_at != null)
    .sort((a, b) => (a.hand_raised_at ?? 0) - (b.hand_raised_at ?? 0));
  return new Map(raised.map((participant, index) => [participant.id, index + 1]));
}
