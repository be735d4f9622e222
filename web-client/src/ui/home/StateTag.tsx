// A lesson's state as a word with a shape.
import type { LessonState } from '../../protocol/types';
import { text } from './words';

export function StateTag({ state }: { state: LessonState }) {
  return (
    <span className={`state state-${state}`} data-testid="lesson-state" data-state={state}>
      <i aria-hidden="true" />
      {text.states[state]}
    </span>
  );
}
