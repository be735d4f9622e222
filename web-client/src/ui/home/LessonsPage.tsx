// The administrator's lessons: those going on with their links and codes, then those before.
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { api } from '../../protocol/api';
import type { LessonView } from '../../protocol/types';
import { setTitle } from '../../words/title';
import { useLoaded } from '../shell/loaded';
import { useMay } from '../shell/role';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { LessonCard } from './LessonCard';
import { NewLesson } from './NewLesson';
import { PastLessons } from './PastLessons';
import { text } from './words';

/** The list shows states; pages in a lesson have their own faster way. */
const REFRESH_MS = 5_000;

const isOpen = (lesson: LessonView) => ['scheduled', 'open', 'live', 'paused'].includes(lesson.state);

export function LessonsPage() {
  const { loaded, reload } = useLoaded(api.lessons);
  const mayChange = useMay('home', 'change_lessons');
  const [making, setMaking] = useState(false);
  useEffect(() => {
    setTitle(text.lessons);
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [reload]);

  const newLesson = mayChange && (
    <Button type="primary" size="large" onClick={() => setMaking(true)} data-testid="new-lesson">
      {text.newLesson}
    </Button>
  );
  const modal = (
    <NewLesson
      open={making}
      close={() => setMaking(false)}
      made={() => {
        setMaking(false);
        reload();
      }}
    />
  );
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  if (loaded.value.length === 0) {
    return (
      <>
        <Plate title={text.emptyTitle} action={newLesson} testid="no-lessons">
          {text.emptyHint}
        </Plate>
        {modal}
      </>
    );
  }
  const open = loaded.value.filter(isOpen);
  const past = loaded.value.filter((lesson) => !isOpen(lesson));
  return (
    <>
      <Stale since={loaded.staleSince} />
      <div className="page-head">
        <h1>{text.lessons}</h1>
        {newLesson}
      </div>
      {open.length > 0 && (
        <section className="open-lessons" aria-label={text.present}>
          {open.map((lesson) => (
            <LessonCard key={lesson.id} lesson={lesson} changed={reload} />
          ))}
        </section>
      )}
      {past.length > 0 && <PastLessons lessons={past} />}
      {modal}
    </>
  );
}
