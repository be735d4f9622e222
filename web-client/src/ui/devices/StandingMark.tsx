// A screen's standing and its troubles: a shape, a colour and a word, never colour alone.
import type { ScreenView } from '../../protocol/types';
import type { Standing } from './standing';
import { text } from './words';

export function StandingMark({ standing }: { standing: Standing }) {
  return (
    <span className={`standing standing-${standing}`} data-testid="standing" data-standing={standing}>
      <i aria-hidden="true" />
      {text.standing[standing]}
    </span>
  );
}

/** That it is offline is said by its standing. */
export function Troubles({ screen }: { screen: ScreenView }) {
  const said = screen.troubles.filter((trouble) => trouble !== 'offline');
  if (screen.troubles.length === 0) return <span className="soft">{text.fine}</span>;
  if (said.length === 0) return <span className="soft">—</span>;
  return (
    <span className="troubles" data-testid="troubles">
      {said.map((trouble) => (
        <span key={trouble} className={trouble === 'weak_link' ? 'trouble trouble-weak' : 'trouble'}>
          <i aria-hidden="true" />
          {text.troubleWords[trouble]}
        </span>
      ))}
    </span>
  );
}
