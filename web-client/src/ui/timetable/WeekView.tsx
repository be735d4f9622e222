// The timetable page around its grid: whose week, which one, what was just done, and the lesson that is open.
import { Button, Select } from 'antd';
import { useMemo, useState } from 'react';
import { county, type Whose } from '../../protocol/county';
import type { ChangedView, ChangeView, TermView, TimetableLessonView } from '../../protocol/types';
import { bellsOf } from '../county/bells';
import { below } from '../county/tree';
import { absentAddress } from '../repairs/absence';
import { useAct } from '../shell/act';
import { useQuery } from '../shell/query';
import { Refused } from '../shell/Refused';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { FeedButton } from './FeedButton';
import { cellsOf, columnsOf, masterPeriod, periodIn, rowsOf } from './grid';
import { History } from './History';
import { LessonDrawer } from './LessonDrawer';
import { NewLessonDrawer } from './NewLessonDrawer';
import type { Ground } from './TimetablePage';
import { UndoBar } from './UndoBar';
import { WeekField } from './WeekField';
import { WeekGrid } from './WeekGrid';
import { type By, WhoseField } from './WhoseField';
import { useWeek } from './week';
import { text } from './words';

interface Props {
  ground: Ground;
  term: TermView;
  week: number;
  by: By;
  /** Nobody is chosen yet. */
  id: string | null;
  today: string;
  choose(by: By, id: string | null): void;
}

export function WeekView(props: Props) {
  const { ground, term, week, by, id, today, choose } = props;
  const { set } = useQuery();
  const mayChange = useMay('timetable', 'schedule');
  return (
    <>
      <div className="week-head">
        <h1 className="only-heard">{text.title}</h1>
        <WhoseField by={by} id={id} orgs={ground.orgs} choose={choose} />
        <WeekField term={term} week={week} today={today} choose={(to) => set({ week: to, lesson: null })} />
        <div className="head-actions">
          {ground.terms.length > 1 && (
            <Select
              aria-label={text.term}
              value={term.id}
              onChange={(to) => set({ term: to, week: null, lesson: null })}
              options={ground.terms.map(({ id: value, name }) => ({ value, label: name }))}
            />
          )}
          {mayChange && (
            <Button
              onClick={() =>
                go(
                  absentAddress({
                    term: term.id,
                    ...(id !== null && (by === 'teacher' || by === 'classroom') ? { [by]: id } : {}),
                  }),
                )
              }
              data-testid="absent"
            >
              {text.absent}
            </Button>
          )}
          {id !== null && <FeedButton whose={{ by, id }} />}
          <Button onClick={() => set({ do: 'history' })} data-testid="history-open">
            {text.history}
          </Button>
          <Button onClick={() => go('/timetable/terms')}>{text.terms}</Button>
          {mayChange && (
            <Button type="primary" onClick={() => set({ do: 'add' })} data-testid="add-lesson">
              {text.add}
            </Button>
          )}
        </div>
      </div>
      {id === null ? (
        <Plate title={text.choose[by]} />
      ) : (
        <Shown key={term.id} {...props} whose={{ by, id }} mayChange={mayChange} />
      )}
    </>
  );
}

function Shown({
  ground,
  term,
  week,
  whose,
  today,
  mayChange,
}: Props & { whose: Whose; mayChange: boolean }) {
  const { query, set } = useQuery();
  const { loaded, reload, put, brokeAt } = useWeek(term.id, week, whose);
  const [done, setDone] = useState<ChangeView | null>(null);
  const [inVain, setInVain] = useState<string[]>([]);
  const { failure, act, forget } = useAct();
  const { orgs, bells } = ground;
  const places = useMemo(
    () => (whose.by === 'org' ? below(orgs, whose.id) : new Set<string>()),
    [orgs, whose.by, whose.id],
  );
  if (loaded.kind === 'loading') return <Loading rows={10} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;

  const view = loaded.value;
  const periodOf = (lesson: TimetableLessonView) => periodIn(lesson, whose, places);
  const rows = rowsOf(bellsInView(ground, whose, places, view.lessons), view.lessons.map(periodOf));
  const changed = ({ change, lessons }: ChangedView) => {
    setDone(change);
    setInVain([]);
    forget();
    put(lessons);
    reload();
  };
  const move = async (lesson: TimetableLessonView, day: string, period: number) => {
    setInVain([]);
    const request = { do: 'move', day, period, reason: '', version: lesson.version } as const;
    const moved = await act(() => county.change(lesson.id, request));
    if (moved === null) reload();
    else changed(moved);
  };
  const open = view.lessons.find(({ id }) => id === query.get('lesson'));
  return (
    <>
      <Stale since={loaded.staleSince ?? brokeAt} />
      <Refused failure={failure} />
      {inVain.length > 0 && (
        <p className="stale" role="alert" data-testid="in-vain">
          {text.notMoved}
          {inVain.join(' ')}
        </p>
      )}
      {view.is_cut && <p className="stale">{text.cut}</p>}
      {rows.length === 0 ? (
        <Plate title={text.noLessons}>{text.noLessonsHint}</Plate>
      ) : (
        <>
          {view.lessons.length === 0 && (
            <p className="week-empty" data-testid="week-empty">
              <strong>{text.noLessons}</strong> <span className="soft">{text.noLessonsHint}</span>
              {mayChange && <Button onClick={() => go('/plans')}>{text.toPlans}</Button>}
            </p>
          )}
          <WeekGrid
            columns={columnsOf(view)}
            rows={rows}
            cells={cellsOf(view.lessons, periodOf)}
            today={today}
            mayMove={mayChange}
            periodOf={periodOf}
            masterOf={(lesson, period) => {
              if (periodOf(lesson) === lesson.period && period === lesson.period) return period;
              const row = rows.find((one) => one.period === period);
              const isOwn = whose.by === 'org' ? places.has(lesson.org_id) : whose.by === 'teacher';
              return row === undefined || isOwn
                ? period
                : masterPeriod(row, bellsOf(orgs, bells, lesson.org_id));
            }}
            open={(lesson) => set({ lesson: lesson.id })}
            move={(lesson, day, period) => void move(lesson, day, period)}
            refused={setInVain}
          />
          {mayChange && view.lessons.length > 0 && <p className="soft week-note">{text.keys}</p>}
        </>
      )}
      {open !== undefined && (
        <LessonDrawer
          lesson={open}
          others={view.lessons}
          mayChange={mayChange}
          close={() => set({ lesson: null })}
          changed={(now) => {
            set({ lesson: null });
            changed(now);
          }}
          again={reload}
        />
      )}
      {query.get('do') === 'history' && (
        <History term={term.id} mayChange={mayChange} close={() => set({ do: null })} undone={changed} />
      )}
      {query.get('do') === 'add' && mayChange && (
        <NewLessonDrawer
          term={term}
          day={view.monday}
          orgs={orgs}
          asked={query}
          close={() => set({ do: null })}
          added={(now) => {
            set({ do: null });
            changed(now);
          }}
        />
      )}
      {done !== null && <UndoBar key={done.id} change={done} undone={changed} close={() => setDone(null)} />}
    </>
  );
}

/** Of the school itself; of a place, of every school below it that has lessons; of somebody, of their school. */
function bellsInView(
  { orgs, bells }: Ground,
  whose: Whose,
  places: ReadonlySet<string>,
  lessons: readonly TimetableLessonView[],
) {
  const schools = new Set<string>();
  if (whose.by === 'org') {
    for (const lesson of lessons) if (places.has(lesson.org_id)) schools.add(lesson.org_id);
    if (schools.size === 0) schools.add(whose.id);
  }
  for (const lesson of lessons) {
    if (whose.by === 'teacher') schools.add(lesson.org_id);
    else if (whose.by === 'classroom' && lesson.classroom_id === whose.id) schools.add(lesson.org_id);
    else if (whose.by === 'class' || whose.by === 'classroom') {
      const own = lesson.classes.find((one) => one.class_id === whose.id || one.classroom_id === whose.id);
      if (own !== undefined) schools.add(own.org_id);
    }
  }
  const found = [...schools].map((org) => bellsOf(orgs, bells, org)).filter((bell) => bell !== null);
  return [...new Map(found.map((bell) => [bell.id, bell])).values()];
}
