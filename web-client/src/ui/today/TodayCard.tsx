// One lesson of today: when, what, from where into which rooms, and the one press.
import { Button } from 'antd';
import { county } from '../../protocol/county';
import type { TodayLesson } from '../../protocol/types';
import { shanghaiClock } from '../../words/day';
import { SubjectTag } from '../county/SubjectTag';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { type Moment, minutesUntil } from './day_order';
import { text } from './words';

interface Props {
  of: TodayLesson;
  moment: Moment;
  now: number;
}

export function TodayCard({ of: { lesson, can_start }, moment, now }: Props) {
  const { busy, failure, act } = useAct();
  const start = async () => {
    const started = await act(() => county.start(lesson.id));
    if (started !== null) location.assign(started.teacher_url);
  };
  const said = text.states[lesson.state];
  const isPresent = moment === 'now' || moment === 'next';
  return (
    <li className={`today-lesson today-${moment}`} data-moment={moment}>
      <p className="today-when">
        <b>
          {shanghaiClock(lesson.starts_at)}–{shanghaiClock(lesson.ends_at)}
        </b>
        <span>
          {moment === 'now' && `${text.now} · ${text.since(minutesUntil(now, lesson.starts_at))}`}
          {moment === 'next' && `${text.next} · ${text.inMinutes(minutesUntil(lesson.starts_at, now))}`}
          {said !== '' && <em className={`today-${lesson.state}`}>{said}</em>}
        </span>
      </p>
      <h2>{lesson.title}</h2>
      <p>
        <SubjectTag subject={lesson.subject} more={text.grade(lesson.grade)} />
      </p>
      {lesson.reason != null && lesson.reason !== '' && <p>{text.reason(lesson.reason)}</p>}
      <dl>
        <dt>{text.from}</dt>
        <dd>
          {lesson.teacher_name} · {lesson.org_name} {lesson.classroom_name}
        </dd>
        <dt>{text.to}</dt>
        <dd>
          {lesson.classes.map(({ class_id, org_name, class_name }) => (
            <div key={class_id}>
              {org_name} {class_name}
            </div>
          ))}
        </dd>
      </dl>
      {can_start && (
        <>
          <Refused failure={failure} />
          <Button
            // One press stands out: what goes on, or comes next.
            type={isPresent ? 'primary' : 'default'}
            className={isPresent ? 'today-start' : ''}
            loading={busy}
            onClick={() => void start()}
            data-testid="start"
          >
            {busy ? text.starting : lesson.lesson_id == null ? text.start : text.goOn}
          </Button>
        </>
      )}
    </li>
  );
}
