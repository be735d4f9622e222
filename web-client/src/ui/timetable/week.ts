// One week as it is now: loaded, and read anew when the server says that something in it changed.
import { useCallback, useEffect, useState } from 'react';
import { county, TIMETABLE_EVENTS, type Whose } from '../../protocol/county';
import type { TimetableEvent, TimetableLessonView } from '../../protocol/types';
import { follow } from '../shell/follow';
import { useLoaded } from '../shell/loaded';
import { withChanged } from './grid';

/** Many changes at once are one reload. */
const RELOAD_AFTER_MS = 200;

/** What an event says, or null for something else. */
export function readEvent(data: string): Pick<TimetableEvent, 'term_id' | 'weeks'> | null {
  try {
    const value = JSON.parse(data) as Partial<TimetableEvent> | null;
    if (value === null || typeof value.term_id !== 'string' || !Array.isArray(value.weeks)) return null;
    return { term_id: value.term_id, weeks: value.weeks };
  } catch {
    return null;
  }
}

export function useWeek(term: string, week: number, whose: Whose) {
  const { by, id } = whose;
  const ask = useCallback(() => county.week(term, week, { by, id }), [term, week, by, id]);
  const { loaded, reload, replace } = useLoaded(ask);
  const [brokeAt, setBrokeAt] = useState<number | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        reload();
      }, RELOAD_AFTER_MS);
    };
    const stop = follow(TIMETABLE_EVENTS, {
      events: {
        changed: (data) => {
          const event = readEvent(data);
          if (event?.term_id === term && event.weeks.includes(week)) soon();
        },
        missed: soon,
      },
      again: soon,
      heard: (well) => setBrokeAt((before) => (well ? null : (before ?? Date.now()))),
    });
    return () => {
      if (timer !== null) clearTimeout(timer);
      stop();
    };
  }, [term, week, reload]);
  const put = useCallback(
    (lessons: readonly TimetableLessonView[]) => replace((view) => withChanged(view, lessons)),
    [replace],
  );
  return { loaded, reload, put, brokeAt };
}
