// Why a press did nothing, beside the button, until the next one.
import { Alert } from 'antd';
import type { Failure } from '../../protocol/result';
import { shanghaiClock, shanghaiTime } from '../../words/day';
import { text } from './words';

/** Who is taken, by what, where and when. */
function Conflicts({ failure }: { failure: Failure }) {
  if (failure.kind !== 'refused' || failure.problem.conflicts === undefined) return null;
  if (failure.problem.conflicts.length === 0) return null;
  return (
    <ul className="conflicts">
      {failure.problem.conflicts.map(({ kind, name, title, place, starts_at, ends_at }) => (
        <li key={`${kind} ${name} ${starts_at} ${title}`}>
          <strong>{name}</strong> · {title} · {place} · {shanghaiTime(starts_at)}–{shanghaiClock(ends_at)}
        </li>
      ))}
    </ul>
  );
}

export function Refused({ failure }: { failure: Failure | null }) {
  if (failure === null) return null;
  const [title, hint] =
    failure.kind === 'offline'
      ? [text.offline, text.offlineHint]
      : [failure.problem.title, failure.problem.detail ?? ''];
  return (
    <Alert
      className="refused"
      type="error"
      showIcon
      role="alert"
      title={title}
      description={
        <>
          {hint}
          <Conflicts failure={failure} />
        </>
      }
      data-testid="refused"
    />
  );
}
