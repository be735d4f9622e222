// Choices that are found by typing.
import { languageTag } from '../../words/language';

export interface Choice {
  value: string;
  label: string;
}

/** What a `Select` needs to be found in by typing. */
export const SEARCHED = { optionFilterProp: 'label' } as const;

export function choices<T>(of: readonly T[], value: (one: T) => string, label: (one: T) => string): Choice[] {
  return of
    .map((one) => ({ value: value(one), label: label(one) }))
    .sort((a, b) => a.label.localeCompare(b.label, languageTag, { numeric: true }));
}
