// The teacher's page in the lesson: what the rooms see, the wall, one bar of actions.
import { App, Modal } from 'antd';
import { useEffect, useRef, useState } from 'react';
import type { Action, LessonView } from '../../protocol/types';
import { classroomsOf } from '../../session/state';
import { clockLength, spacedCode } from '../../words/format';
import { ActionBar } from './ActionBar';
import { useKeys } from './keys';
import { Notices, noticesOf } from './Notices';
import { RecordLight } from './RecordLight';
import { RecordWatch } from './record_state';
import { AlarmWatch } from './recording';
import type { RoomState, TeachRoom } from './room';
import { SeenView } from './SeenView';
import { lastingTroubles, troublesOf } from './troubles';
import { Wall } from './Wall';
import { outcomeWords, text } from './words';

/** A room's trouble is named once it lasts this long. */
const TROUBLE_LASTS_MS = 4_000;

interface Props {
  teach: TeachRoom;
  state: RoomState;
  lesson: LessonView;
}

/** Draws anew every second: elapsed time, minutes since called, lasting troubles. */
function useSeconds(): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
}

export function Desk({ teach, state, lesson }: Props) {
  useSeconds();
  const { message } = App.useApp();
  const [asksEnd, setAsksEnd] = useState(false);
  const since = useRef(new Map<string, number>());
  const [alarms] = useState(() => new AlarmWatch());
  const [records] = useState(() => new RecordWatch());
  const troubles = lastingTroubles(troublesOf(lesson), since.current, Date.now(), TROUBLE_LASTS_MS);
  const alarm = alarms.look(lesson, Date.now());
  const recording = records.look(lesson, alarm, Date.now());

  const tell = async (action: Action) => {
    const outcome = await teach.ask(action);
    if (outcome.kind !== 'done') void message.warning(outcomeWords(outcome));
  };
  const mute = async (off: boolean) => {
    const outcome = await teach.setMuted(off);
    if (outcome.kind === 'done') return;
    void message.warning(off && outcome.kind === 'unanswered' ? text.muteUnanswered : outcomeWords(outcome));
  };
  const board = async () => {
    if (!(await teach.toggleBoard())) void message.info(text.boardFailed);
  };
  const call = (participant: string | null) => void tell({ do: 'call_on_stage', participant });
  const paused = lesson.state === 'paused';
  const muted = teach.isMuted();
  const actions = {
    podium: () => call(null),
    board: () => void board(),
    mute: () => void mute(!muted),
    pause: () => void tell({ do: paused ? 'continue' : 'pause' }),
    end: () => setAsksEnd(true),
  };
  const record = () => void tell({ do: 'set_recording', on: !lesson.record });
  const rooms = classroomsOf(lesson);
  useKeys({
    '0': actions.podium,
    b: actions.board,
    m: actions.mute,
    p: actions.pause,
    e: actions.end,
    r: record,
    ...Object.fromEntries(
      rooms
        .slice(0, 9)
        .map((room, index) => [String(index + 1), () => call(lesson.on_stage === room.id ? null : room.id)]),
    ),
  });

  const now = teach.session.serverNow();
  return (
    <div className="teach" data-testid="desk" data-state={lesson.state}>
      <header className="teach-head">
        <h1>{lesson.title}</h1>
        <span className="elapsed" data-testid="elapsed">
          {lesson.started_at == null ? text.notBegun : clockLength(now - lesson.started_at)}
        </span>
        {lesson.code != null && (
          <span className="code">
            {text.code} <b data-testid="code">{spacedCode(lesson.code)}</b>
          </span>
        )}
        <RecordLight lesson={lesson} shown={recording} toggle={record} />
      </header>
      <div className="teach-left">
        <Notices notices={noticesOf(state, lesson, alarm, recording, troubles)} />
        <SeenView teach={teach} lesson={lesson} />
      </div>
      <Wall
        teach={teach}
        lesson={lesson}
        classroomUrl={state.classroomUrl}
        troubled={new Set(troubles.map((trouble) => trouble.participant))}
        nowMs={now}
        call={call}
        mute={(participant, value) => void tell({ do: 'mute', participant, muted: value })}
        expel={(participant) => void tell({ do: 'expel', participant })}
      />
      <ActionBar
        someoneOnStage={lesson.on_stage != null}
        boardShown={state.board !== null}
        muted={muted}
        paused={paused}
        {...actions}
      />
      {state.soundBlocked && (
        <button type="button" className="sound" onClick={() => teach.unblockSound()} data-testid="sound">
          {text.sound}
        </button>
      )}
      <Modal
        open={asksEnd}
        title={text.endTitle}
        okText={text.endYes}
        cancelText={text.endNo}
        okButtonProps={{ danger: true, size: 'large', 'data-testid': 'end-yes' }}
        cancelButtonProps={{ size: 'large' }}
        onOk={() => {
          setAsksEnd(false);
          void tell({ do: 'end' });
        }}
        onCancel={() => setAsksEnd(false)}
        width={460}
        centered
      >
        {text.endHint}
      </Modal>
    </div>
  );
}
