// Today's lessons: a teacher begins with one press; an assistant sees what comes into the room, and when.
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { county, TIMETABLE_EVENTS } from '../../protocol/county';
import { dayWords, shanghaiDay } from '../../words/day';
import { setTitle } from '../../words/title';
import '../county/county.css';
import { absentAddress } from '../repairs/absence';
import { follow } from '../shell/follow';
import { useLoaded } from '../shell/loaded';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { momentsOf } from './day_order';
import { TodayCard } from './TodayCard';
import './today.css';
import { text } from './words';

/** Minutes are counted, and lessons open by themselves. */
const REFRESH_MS = 30_000;

export default function TodayPage() {
  const { loaded, reload } = useLoaded(county.today);
  const [brokeAt, setBrokeAt] = useState<number | null>(null);
  const maySchedule = useMay('today', 'schedule');
  useEffect(() => {
    setTitle(text.title);
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), REFRESH_MS);
    document.addEventListener('visibilitychange', reload);
    const stop = follow(TIMETABLE_EVENTS, {
      events: { changed: reload, missed: reload },
      again: reload,
      heard: (well) => setBrokeAt((before) => (well ? null : (before ?? Date.now()))),
    });
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', reload);
      stop();
    };
  }, [reload]);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const { day, lessons } = loaded.value;
  const now = Date.now();
  const moments = momentsOf(lessons, now);
  return (
    <div className="today">
      <Stale since={loaded.staleSince ?? brokeAt} />
      <div className="page-head">
        <h1>
          {text.title} <small>{dayWords(day)}</small>
        </h1>
        <div className="head-actions">
          {maySchedule && (
            <Button onClick={() => go(absentAddress({ from: day }))} data-testid="absent">
              {text.absent}
            </Button>
          )}
          <Button onClick={() => go('/timetable')}>{text.toWeek}</Button>
        </div>
      </div>
      {lessons.length === 0 ? (
        <Plate title={text.emptyTitle} testid="no-lessons-today">
          {text.emptyHint}
        </Plate>
      ) : (
        <ol className="today-lessons" data-testid="today">
          {lessons.map((one) => (
            <TodayCard
              key={one.lesson.id}
              of={one}
              moment={moments.get(one.lesson.id) ?? 'later'}
              now={day === shanghaiDay(now) ? now : one.lesson.starts_at}
            />
          ))}
        </ol>
      )}
    </div>
  );
}
