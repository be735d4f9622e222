// Five actions in one bar at the bottom, one key each.
import { Icon, type IconName } from '../shell/icons';
import { text } from './words';

interface BarAction {
  name: string;
  icon: IconName;
  words: string;
  keyName: string;
  pressed?: boolean;
  disabled?: boolean;
  danger?: boolean;
  press(): void;
}

export interface ActionBarProps {
  someoneOnStage: boolean;
  boardShown: boolean;
  muted: boolean;
  paused: boolean;
  podium(): void;
  board(): void;
  mute(): void;
  pause(): void;
  end(): void;
}

function Key({ action }: { action: BarAction }) {
  return (
    <button
      type="button"
      className={action.danger ? 'action danger' : 'action'}
      aria-pressed={action.pressed}
      disabled={action.disabled}
      onClick={action.press}
      data-testid={`action-${action.name}`}
      aria-keyshortcuts={action.keyName}
    >
      <Icon name={action.icon} size={28} />
      <span>{action.words}</span>
      <kbd>{action.keyName}</kbd>
    </button>
  );
}

export function ActionBar(props: ActionBarProps) {
  const { someoneOnStage, boardShown, muted, paused } = props;
  const actions: BarAction[] = [
    {
      name: 'podium',
      icon: 'podium',
      words: someoneOnStage ? text.backToPodium : text.podium,
      keyName: '0',
      disabled: !someoneOnStage,
      press: props.podium,
    },
    {
      name: 'board',
      icon: 'board',
      words: boardShown ? text.stopBoard : text.board,
      keyName: 'B',
      pressed: boardShown,
      press: props.board,
    },
    {
      name: 'mute',
      icon: muted ? 'muted' : 'microphone',
      words: muted ? text.unmute : text.mute,
      keyName: 'M',
      pressed: muted,
      press: props.mute,
    },
    {
      name: 'pause',
      icon: paused ? 'play' : 'pause',
      words: paused ? text.continue : text.pause,
      keyName: 'P',
      pressed: paused,
      press: props.pause,
    },
    { name: 'end', icon: 'end', words: text.end, keyName: 'E', danger: true, press: props.end },
  ];
  return (
    <div className="actions" role="toolbar" aria-label={text.actions} data-testid="actions">
      {actions.map((action) => (
        <Key key={action.name} action={action} />
      ))}
    </div>
  );
}
