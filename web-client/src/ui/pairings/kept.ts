// Whether an agreement is kept: pure.
import type { PairingView } from '../../protocol/types';

export type Kept = 'kept' | 'missed' | 'waiting';

/** Lessons that some class should have had and did not: the worst class counts. */
export const missedOf = ({ classes, missed }: Pick<PairingView, 'classes' | 'missed'>): number =>
  Math.max(missed, 0, ...classes.map((one) => one.missed));

export function keptOf(pairing: Pick<PairingView, 'classes' | 'missed' | 'held'>): Kept {
  if (missedOf(pairing) > 0) return 'missed';
  return pairing.held > 0 ? 'kept' : 'waiting';
}

export const concernsOf = (
  { id, teacher_id, classes }: Pick<PairingView, 'id' | 'teacher_id' | 'classes'>,
  only: { pairing?: string | null; teacher?: string | null; group?: string | null },
): boolean =>
  (only.pairing == null || only.pairing === id) &&
  (only.teacher == null || only.teacher === teacher_id) &&
  (only.group == null || classes.some(({ class_id }) => class_id === only.group));
