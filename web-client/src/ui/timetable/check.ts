// Whether a change may be made, asked before it is: the server's answer for what is being pointed at.
import { useEffect, useRef, useState } from 'react';
import { county } from '../../protocol/county';
import type { Result } from '../../protocol/result';
import type { ChangeRequest, CheckView, TimetableLessonInput } from '../../protocol/types';
import { shanghaiTime } from '../../words/day';
import { failureWords } from '../shell/states';
import { text } from './words';

export type Checked =
  | { kind: 'none' }
  | { kind: 'asking' }
  | { kind: 'fits' }
  /** Who, where, when; `words` says the same shortly. */
  | { kind: 'refused'; words: string[]; lessons: string[] };

/** A pointer that only passes over a cell asks nothing. */
const ASK_AFTER_MS = 120;

/** Answers are kept while one lesson is being moved: a hand goes to and fro. */
const MAX_KEPT = 200;

export function readCheck({ conflicts, reasons }: CheckView): Checked {
  if (conflicts.length === 0 && reasons.length === 0) return { kind: 'fits' };
  return {
    kind: 'refused',
    words: [
      ...conflicts.map(({ name, title, place, starts_at }) =>
        title === '' ? `${name} · ${place}` : text.conflict(name, title, place, shanghaiTime(starts_at)),
      ),
      ...reasons,
    ],
    lessons: conflicts.flatMap(({ lesson_id }) => (lesson_id == null ? [] : [lesson_id])),
  };
}

/** What is asked of the server; `key` says it, so that the same is not asked twice. */
export interface Question {
  key: string;
  ask(): Promise<Result<CheckView>>;
}

/** A change of a lesson that is there. */
export function useCheck(lesson: string | null, change: ChangeRequest | null): Checked {
  return useAsked(
    lesson === null || change === null
      ? null
      : { key: `${lesson} ${JSON.stringify(change)}`, ask: () => county.check(lesson, change) },
  );
}

/** A lesson that is not there yet. */
export function useNewCheck(term: string, lesson: TimetableLessonInput | null): Checked {
  return useAsked(
    lesson === null ? null : { key: JSON.stringify(lesson), ask: () => county.checkNew(term, lesson) },
  );
}

function useAsked(question: Question | null): Checked {
  const key = question?.key ?? null;
  const kept = useRef(new Map<string, Checked>());
  const [answer, setAnswer] = useState<{ key: string; checked: Checked } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the question
  useEffect(() => {
    if (question === null || key === null || kept.current.has(key)) return;
    let current = true;
    const timer = setTimeout(async () => {
      const asked = await question.ask();
      if (!asked.ok) {
        if (current)
          setAnswer({ key, checked: { kind: 'refused', words: [failureWords(asked.failure)], lessons: [] } });
        return;
      }
      const checked = readCheck(asked.value);
      if (kept.current.size >= MAX_KEPT) kept.current.clear();
      kept.current.set(key, checked);
      if (current) setAnswer({ key, checked });
    }, ASK_AFTER_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [key]);
  if (key === null) return { kind: 'none' };
  const known = kept.current.get(key);
  if (known !== undefined) return known;
  return answer?.key === key ? answer.checked : { kind: 'asking' };
}
