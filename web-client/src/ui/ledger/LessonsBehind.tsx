// Behind a number: its parts, the lessons that make it up, and what the term will end with.
import { Button, Drawer } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { LedgerLesson, LedgerRow } from '../../protocol/types';
import { shanghaiTime } from '../../words/day';
import { subjectWord } from '../county/subjects';
import { useLoaded } from '../shell/loaded';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading } from '../shell/states';
import { Remedies } from './Remedies';
import { text } from './words';

const SUMS = ['prescribed', 'on_site', 'delivered', 'missed', 'planned'] as const;

interface Props {
  row: LedgerRow;
  termId: string;
  week: number | null;
  close(): void;
}

export function LessonsBehind({ row, termId, week, close }: Props) {
  const { subject } = row;
  const classId = row.class_id ?? '';
  const { loaded, reload } = useLoaded(
    useCallback(() => county.ledgerLessons(termId, classId, subject, week), [termId, classId, subject, week]),
  );
  const mayPlan = useMay('ledger', 'schedule');
  return (
    <Drawer
      open
      title={text.behind(row.name, subjectWord(subject))}
      size={560}
      onClose={close}
      data-testid="behind"
    >
      <dl className="sums">
        {SUMS.map((one) => (
          <div key={one}>
            <dt>{text.sums[one]}</dt>
            <dd>{row.sum[one]}</dd>
          </div>
        ))}
      </dl>
      <p className={row.forecast_short > 0 ? 'forecast-short' : undefined}>
        {text.forecastShort(row.forecast_short)}{' '}
        {row.forecast_short > 0 && mayPlan && (
          <Button type="link" onClick={() => go(`/plans?term=${encodeURIComponent(termId)}&do=new`)}>
            {text.mend}
          </Button>
        )}
      </p>
      {row.forecast_short > 0 && <Remedies termId={termId} classId={classId} row={row} />}
      {loaded.kind === 'loading' && <Loading />}
      {loaded.kind === 'failed' && <FailurePlate failure={loaded.failure} retry={reload} />}
      {loaded.kind === 'ready' && loaded.value.length === 0 && <p className="soft">{text.noLessons}</p>}
      {loaded.kind === 'ready' && (
        <ol className="behind">
          {loaded.value.map((one) => (
            <Lesson key={one.lesson.id} of={one} classId={classId} />
          ))}
        </ol>
      )}
    </Drawer>
  );
}

function Lesson({ of: { lesson, counts_as, why }, classId }: { of: LedgerLesson; classId: string }) {
  const to = `/timetable?term=${encodeURIComponent(lesson.term_id)}&week=${lesson.week}&class=${encodeURIComponent(classId)}&lesson=${encodeURIComponent(lesson.id)}`;
  return (
    <li>
      <span className={`counts counts-${counts_as}`}>{text.counts[counts_as]}</span>
      <div>
        <p>
          {shanghaiTime(lesson.starts_at)} · {lesson.teacher_name} · {lesson.org_name}
        </p>
        {why != null && <p className="soft">{why}</p>}
      </div>
      <Button type="link" onClick={() => go(to)}>
        {text.seeWeek}
      </Button>
    </li>
  );
}
