// Before the lesson: can I be seen, can I be heard, who is here. Then one press.
import { App, Button, Select } from 'antd';
import { useState } from 'react';
import type { Input } from '../../media/devices';
import type { LessonView } from '../../protocol/types';
import { classroomsOf } from '../../session/state';
import { spacedCode } from '../../words/format';
import { Picture } from '../shell/Picture';
import { doorOf } from './entering';
import { LevelBar } from './LevelBar';
import { LinkLight } from './LinkLight';
import type { RoomState, TeachRoom } from './room';
import { outcomeWords, text } from './words';

interface ChoiceProps {
  name: string;
  kind: 'camera' | 'microphone';
  input: Input;
  all: MediaDeviceInfo[];
  hint: string;
  teach: TeachRoom;
}

function Choice({ name, kind, input, all, hint, teach }: ChoiceProps) {
  const used = input.track?.getSettings().deviceId;
  return (
    <div className="choice">
      <span className="choice-name">{name}</span>
      {input.trouble === null ? (
        <Select
          size="large"
          aria-label={name}
          value={used ?? null}
          placeholder={text.chooseDevice}
          options={all.map((device) => ({ value: device.deviceId, label: device.label || name }))}
          onChange={(id) => void teach.devices.choose(kind, id)}
          data-testid={`choose-${kind}`}
        />
      ) : (
        <p className="trouble" role="alert">
          {text.troubles[input.trouble]}{' '}
          <Button size="large" onClick={() => void teach.devices.open()}>
            {text.lookAgain}
          </Button>
        </p>
      )}
      {input.trouble === null && <small>{hint}</small>}
    </div>
  );
}

export function DeviceCheck({
  teach,
  state,
  lesson,
}: {
  teach: TeachRoom;
  state: RoomState;
  lesson: LessonView;
}) {
  const { devices } = state;
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const rooms = classroomsOf(lesson);
  const door = doorOf(lesson);
  const begin = async () => {
    setBusy(true);
    const outcome = await teach.begin();
    setBusy(false);
    if (outcome.kind !== 'done') void message.warning(outcomeWords(outcome));
  };
  return (
    <main className="check" data-testid="device-check">
      <h1>{lesson.title}</h1>
      <div className="check-own">
        <Picture track={devices.camera.track} label={text.own} mirrored testid="own-picture">
          {devices.camera.trouble === null ? '' : text.troubles[devices.camera.trouble]}
        </Picture>
        <LevelBar track={devices.microphone.track} />
        <div className="choices">
          <Choice
            name={text.camera}
            kind="camera"
            input={devices.camera}
            all={devices.cameras}
            hint={text.cameraGood}
            teach={teach}
          />
          <Choice
            name={text.microphone}
            kind="microphone"
            input={devices.microphone}
            all={devices.microphones}
            hint={text.speak}
            teach={teach}
          />
        </div>
      </div>
      <aside className="check-rooms">
        {lesson.code != null && (
          <p className="big-code">
            {text.code}
            <b data-testid="code">{spacedCode(lesson.code)}</b>
            <small>{state.classroomUrl !== '' && `${text.classroomAddress} ${state.classroomUrl}`}</small>
          </p>
        )}
        <h2>{rooms.length === 0 ? text.nobodyHere : text.here}</h2>
        {rooms.length === 0 && <p>{text.nobodyHint}</p>}
        <ul>
          {rooms.map((room) => (
            <li key={room.id} data-testid="room" data-room={room.id}>
              {room.name}
              <LinkLight level={room.link.level} />
            </li>
          ))}
        </ul>
        {door === 'elsewhere' && (
          <p className="door-note" data-testid="elsewhere">
            {text.elsewhereNow}
          </p>
        )}
        <Button
          type="primary"
          size="large"
          className="begin"
          loading={busy}
          onClick={begin}
          data-testid="begin"
        >
          {text.doors[door]}
        </Button>
      </aside>
    </main>
  );
}
