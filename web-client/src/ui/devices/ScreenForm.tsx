// One screen: what is wrong with it and what to do, its name and place, what it says of itself, and its end.
import { Form, Input } from 'antd';
import { api } from '../../protocol/api';
import type { ScreenView } from '../../protocol/types';
import { dayAndTime } from '../../words/format';
import { useAct } from '../shell/act';
import { EditDrawer } from '../shell/EditDrawer';
import { text as shell } from '../shell/words';
import { MAX_NAME_CHARS } from './PairForm';
import { PlaceFields, type PlaceFieldsValue, type Places } from './PlaceFields';
import { StandingMark } from './StandingMark';
import { linkWords, seenWords, standingOf, storageWords, uptimeWords } from './standing';
import { text } from './words';

interface Fields extends PlaceFieldsValue {
  name: string;
}

interface Props {
  screen: ScreenView;
  places: Places;
  isFixed: boolean;
  close(): void;
  done(): void;
}

export function ScreenForm({ screen, places, isFixed, close, done }: Props) {
  const [form] = Form.useForm<Fields>();
  const { busy, failure, act } = useAct();
  const save = async ({ name, classroom_id }: Fields) => {
    const room = classroom_id ?? null;
    if (name.trim() !== screen.name && (await act(() => api.renameDevice(screen.id, name))) === null) return;
    if (room !== (screen.classroom_id ?? null)) {
      if ((await act(() => api.placeDevice(screen.id, room))) === null) return;
    }
    done();
  };
  const revoke = async () => {
    if ((await act(() => api.removeDevice(screen.id))) !== null) done();
  };
  return (
    <EditDrawer<Fields>
      title={screen.name}
      form={form}
      initial={{
        name: screen.name,
        ...(screen.org_id == null ? {} : { org_id: screen.org_id }),
        ...(screen.classroom_id == null ? {} : { classroom_id: screen.classroom_id }),
      }}
      busy={busy}
      failure={failure}
      isFixed={isFixed}
      save={(fields) => void save(fields)}
      remove={() => void revoke()}
      removeWords={{
        press: text.revoke,
        title: text.revokeTitle(screen.name),
        hint: screen.is_in_lesson ? text.revokeInLesson : text.revokeHint,
      }}
      close={close}
    >
      <p className="screen-standing">
        <StandingMark standing={standingOf(screen)} />
        {!screen.is_online && screen.last_seen_at != null && (
          <span className="soft">{seenWords(screen, Date.now())}</span>
        )}
      </p>
      {screen.troubles.length > 0 && (
        <ul className="todo" data-testid="todo">
          {screen.troubles.map((trouble) => (
            <li key={trouble}>
              <strong>{text.troubleWords[trouble]}</strong> {text.todo[trouble]}
            </li>
          ))}
        </ul>
      )}
      <Form.Item
        name="name"
        label={text.name}
        rules={[{ required: true, whitespace: true, message: shell.needed }]}
      >
        <Input maxLength={MAX_NAME_CHARS} autoComplete="off" data-testid="screen-name" />
      </Form.Item>
      {/* One that stands nowhere belongs to the installation: whoever put it there would not see it any more. */}
      <PlaceFields places={places} isOptional={screen.classroom_id == null} />
      <Says screen={screen} />
    </EditDrawer>
  );
}

function Says({ screen }: { screen: ScreenView }) {
  const { health } = screen;
  const facts: [string, string][] = [];
  if (health != null) {
    facts.push(
      [text.camera, text.inputs[health.camera]],
      [text.microphone, text.inputs[health.microphone]],
      [text.link, linkWords(health.link)],
      [text.resolution, `${health.width_px} × ${health.height_px}`],
      [text.browser, health.browser],
      [text.version, health.version],
      [text.uptime, uptimeWords(health.uptime_s)],
      [text.free, storageWords(health.free_mib)],
    );
  }
  facts.push([text.pairedAt, dayAndTime(screen.paired_at)]);
  if (screen.next_lesson != null) facts.push([text.next, screen.next_lesson.title]);
  return (
    <section className="says" aria-label={text.health}>
      <h3>
        {text.health}
        {health != null && screen.last_seen_at != null && (
          <small className="soft"> {dayAndTime(screen.last_seen_at)}</small>
        )}
      </h3>
      {health == null && <p className="soft">{text.noHealth}</p>}
      <dl data-testid="screen-health">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
