// What is wrong now, in plain words: said what happened, what it means for the lesson, what to do.
import { canReceive } from '../../media/codecs';
import type { LessonView, RecordingAlarm } from '../../protocol/types';
import type { ShownRecording } from './record_state';
import { recordingWords } from './recording';
import type { RoomState } from './room';
import type { Trouble } from './troubles';
import { text } from './words';

/** More would cover the lesson; the cards show the rest. */
const MAX_ROOM_NOTICES = 2;

export interface Notice {
  key: string;
  kind: 'weak' | 'lost' | 'note';
  words: string;
  /** For IT, small behind the words. */
  code?: { name: string; text: string };
}

export function noticesOf(
  state: RoomState,
  lesson: LessonView,
  alarm: RecordingAlarm | null,
  recording: ShownRecording,
  troubles: Trouble[],
): Notice[] {
  const notices: Notice[] = [];
  const { connection } = state.session;
  const media = state.media;
  const mediaUp = media.publish.kind === 'up' && media.subscribe.kind === 'up';
  if (!canReceive(lesson.video_codec)) notices.push({ key: 'codec', kind: 'lost', words: text.noCodec });
  if (connection.kind === 'lost' && mediaUp) {
    notices.push({ key: 'signaling', kind: 'weak', words: text.signalingLost(connection.attempts) });
  } else if (!mediaUp) {
    const broken =
      connection.kind === 'lost' || [media.publish, media.subscribe].some((link) => attemptsOf(link) > 1);
    notices.push({
      key: 'media',
      kind: broken ? 'lost' : 'note',
      words: broken ? text.networkLost : text.mediaWaiting,
    });
  }
  if (alarm !== null) {
    const code = { name: alarm.code, text: alarm.text };
    notices.push({ key: 'recording', kind: 'weak', words: recordingWords(alarm), code });
  }
  if (alarm === null && recording === 'missing') {
    notices.push({ key: 'recorder', kind: 'weak', words: text.recorderSilent });
  }
  for (const { participant, name, kind } of troubles.slice(0, MAX_ROOM_NOTICES)) {
    const words = kind === 'cannot_hear_us' ? text.cannotHearUs(name) : text.cannotHearRoom(name);
    notices.push({ key: participant, kind: kind === 'cannot_hear_us' ? 'lost' : 'weak', words });
  }
  if (lesson.state === 'paused') notices.push({ key: 'paused', kind: 'note', words: text.paused });
  return notices;
}

function attemptsOf(link: RoomState['media']['publish']): number {
  return link.kind === 'connecting' ? link.attempts : link.kind === 'repairing' ? 2 : 0;
}

export function Notices({ notices }: { notices: Notice[] }) {
  return (
    <div className="notices" role="status" data-testid="notices">
      {notices.map(({ key, kind, words, code }) => (
        <p key={key} className={`notice notice-${kind}`} data-testid={`notice-${key}`}>
          {words} {code !== undefined && <small title={code.text}>{code.name}</small>}
        </p>
      ))}
    </div>
  );
}
