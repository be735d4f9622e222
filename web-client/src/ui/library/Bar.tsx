// The player's bar: position with chapter marks.
import type { Chapter } from '../../protocol/types';
import { clockLength } from '../../words/format';
import { text } from './words';

interface Props {
  atMs: number;
  durationMs: number;
  bufferedMs: number;
  chapters: Chapter[];
  seek(ms: number): void;
}

export function Bar({ atMs, durationMs, bufferedMs, chapters, seek }: Props) {
  const share = (ms: number) => `${durationMs > 0 ? Math.min(100, (ms / durationMs) * 100) : 0}%`;
  return (
    <div className="bar">
      <div className="bar-track">
        <div className="bar-buffered" style={{ width: share(bufferedMs) }} />
        <div className="bar-played" style={{ width: share(atMs) }} />
        {chapters
          .filter(({ at_ms }) => at_ms > 0)
          .map(({ at_ms, title }) => (
            <i
              key={`${at_ms} ${title}`}
              style={{ left: share(at_ms) }}
              title={`${clockLength(at_ms)} ${title}`}
            />
          ))}
      </div>
      <input
        type="range"
        min={0}
        max={Math.max(1, durationMs)}
        step={1000}
        value={atMs}
        onChange={(event) => seek(Number(event.target.value))}
        aria-label={text.position}
        aria-valuetext={`${clockLength(atMs)} / ${clockLength(durationMs)}`}
        data-testid="seek"
      />
    </div>
  );
}
