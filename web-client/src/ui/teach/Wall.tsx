// The wall of classrooms. The cards keep their places: nothing moves by itself under a finger.
import { type CSSProperties, useRef } from 'react';
import type { LessonView } from '../../protocol/types';
import { classroomsOf, handOrder } from '../../session/state';
import { spacedCode } from '../../words/format';
import { RoomCard } from './RoomCard';
import type { TeachRoom } from './room';
import { text } from './words';

interface Props {
  teach: TeachRoom;
  lesson: LessonView;
  classroomUrl: string;
  troubled: ReadonlySet<string>;
  nowMs: number;
  call(participant: string | null): void;
  mute(participant: string, muted: boolean): void;
  expel(participant: string): void;
}

export function Wall({ teach, lesson, classroomUrl, troubled, nowMs, call, mute, expel }: Props) {
  const rooms = classroomsOf(lesson);
  const hands = handOrder(lesson);
  const widest = useRef(0);
  if (rooms.length === 0) {
    return (
      <section className="wall wall-empty" aria-label={text.wall}>
        <p>{text.nobodyHere}</p>
        {lesson.code != null && <b>{spacedCode(lesson.code)}</b>}
        <p>{text.nobodyHint}</p>
        <p>{classroomUrl}</p>
      </section>
    );
  }
  // A wall that has grown does not shrink again: the cards would move under a finger.
  widest.current = Math.max(widest.current, rooms.length);
  const columns = widest.current <= 3 ? 1 : widest.current <= 8 ? 2 : 3;
  return (
    <section className="wall" aria-label={text.wall}>
      <ul
        className={`rooms columns-${columns}`}
        style={{ '--rows': Math.min(rooms.length, 3) } as CSSProperties}
      >
        {rooms.map((room, index) => (
          <RoomCard
            key={room.id}
            room={room}
            // The server fills wall0… with the classrooms in the order they were admitted.
            track={teach.media.subscriber.track(`wall${index}`)}
            shortcut={index < 9 ? index + 1 : null}
            hand={hands.get(room.id) ?? null}
            onStage={lesson.on_stage === room.id}
            troubled={troubled.has(room.id)}
            nowMs={nowMs}
            call={() => call(lesson.on_stage === room.id ? null : room.id)}
            mute={(muted) => mute(room.id, muted)}
            expel={() => expel(room.id)}
          />
        ))}
      </ul>
    </section>
  );
}
