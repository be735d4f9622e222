// One classroom on the wall: picture, name, light, hand, minutes since called. A press calls it on stage.
import { Button, Dropdown, Modal } from 'antd';
import type { Participant } from '../../protocol/types';
import { Icon } from '../shell/icons';
import { Picture } from '../shell/Picture';
import { LinkLight } from './LinkLight';
import { text } from './words';

interface Props {
  room: Participant;
  track: MediaStreamTrack | null;
  /** The key that calls it, 1 to 9. */
  shortcut: number | null;
  /** Place among raised hands. */
  hand: number | null;
  onStage: boolean;
  troubled: boolean;
  /** Signaling's clock. */
  nowMs: number;
  call(): void;
  mute(muted: boolean): void;
  expel(): void;
}

export function RoomCard(props: Props) {
  const { room, track, shortcut, hand, onStage, troubled, nowMs, call, mute, expel } = props;
  const [modal, modalPlace] = Modal.useModal();
  const since = room.last_on_stage_at;
  const called = onStage
    ? text.onStage
    : since == null
      ? text.neverCalled
      : text.calledAgo(Math.floor((nowMs - since) / 60_000));
  const askExpel = () =>
    void modal.confirm({
      title: text.expelTitle(room.name),
      content: text.expelHint,
      okText: text.expelRoom,
      cancelText: text.endNo,
      onOk: expel,
    });
  const names = ['room', onStage && 'on-stage', troubled && 'troubled'].filter(Boolean).join(' ');
  return (
    <li className={names} data-testid="room" data-room={room.id}>
      {modalPlace}
      <button
        type="button"
        className="room-call"
        onClick={call}
        data-testid="call"
        aria-pressed={onStage}
        aria-label={onStage ? text.sendBack(room.name) : text.callOnStage(room.name)}
      >
        <Picture track={room.publishing.includes('camera') ? track : null} label={room.name}>
          {room.present ? text.noPicture : text.away}
        </Picture>
        {hand !== null && (
          <span className="hand" data-testid="hand">
            <Icon name="hand" size={20} /> {text.hand(hand)}
          </span>
        )}
        {room.muted && (
          <span className="room-muted">
            <Icon name="muted" size={18} /> {text.mutedRoom}
          </span>
        )}
      </button>
      <div className="room-words">
        <strong title={room.name}>
          {shortcut !== null && <kbd>{shortcut}</kbd>}
          {room.name}
        </strong>
        <Dropdown
          trigger={['click']}
          classNames={{ root: 'room-menu' }}
          menu={{
            items: [
              {
                key: 'mute',
                label: room.muted ? text.unmuteRoom : text.muteRoom,
                onClick: () => mute(!room.muted),
              },
              { key: 'expel', label: text.expelRoom, onClick: askExpel },
            ],
          }}
        >
          <Button type="text" className="room-more" aria-label={text.more(room.name)} data-testid="room-more">
            ⋯
          </Button>
        </Dropdown>
        <span className="room-facts">
          <LinkLight level={room.link.level} />
          <span className={onStage ? 'called now' : 'called'}>{called}</span>
        </span>
      </div>
    </li>
  );
}
