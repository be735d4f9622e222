// A link's light: a shape, a colour and a word, never colour alone.
import type { LinkLevel } from '../../protocol/types';
import { text } from './words';

const words: Record<LinkLevel, string> = {
  good: text.linkGood,
  weak: text.linkWeak,
  lost: text.linkLost,
  unknown: text.linkUnknown,
};

export function LinkLight({ level }: { level: LinkLevel }) {
  return (
    <span className={`light light-${level}`} data-testid="link" data-level={level}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" focusable="false">
        {level === 'good' && <circle cx="7" cy="7" r="6" fill="currentColor" />}
        {level === 'weak' && <path d="M7 1l6.500 12H.5z" fill="currentColor" />}
        {level === 'lost' && (
          <path d="M2 2l10 10M12 2L2 12" stroke="currentColor" strokeWidth="3" strokeLinecap="round" />
        )}
        {level === 'unknown' && (
          <circle
            cx="7"
            cy="7"
            r="5"
            fill="none"
            stroke="currentColor"
            strokeWidth="2"
            strokeDasharray="3 2"
          />
        )}
      </svg>
      {words[level]}
    </span>
  );
}
