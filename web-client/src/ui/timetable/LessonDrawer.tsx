// One lesson of the week: what it is, and what can be done with it.
import { Button, Drawer, Segmented } from 'antd';
import { useEffect, useState } from 'react';
import type { ChangedView, TimetableLessonView } from '../../protocol/types';
import { shanghaiClock, shanghaiTime } from '../../words/day';
import { SubjectTag } from '../county/SubjectTag';
import { absentAddress } from '../repairs/absence';
import { go } from '../shell/router';
import { ChangeForm, type ChangeName } from './ChangeForm';
import { text } from './words';

interface Props {
  lesson: TimetableLessonView;
  /** Others of the week, to swap with. */
  others: TimetableLessonView[];
  mayChange: boolean;
  close(): void;
  changed(done: ChangedView): void;
  /** Somebody else was quicker. */
  again(): void;
}

const actsFor = ({ state }: TimetableLessonView): ChangeName[] =>
  state === 'planned' ? ['move', 'substitute', 'swap', 'cancel'] : state === 'cancelled' ? ['restore'] : [];

export function LessonDrawer({ lesson, others, mayChange, close, changed, again }: Props) {
  const [asked, setAsked] = useState<ChangeName | null>(null);
  const { id } = lesson;
  // Whoever came by the keyboard goes on from the lesson, wherever it stands now.
  useEffect(
    () => () => document.querySelector<HTMLElement>(`[data-lesson="${CSS.escape(id)}"]`)?.focus(),
    [id],
  );
  const acts = mayChange ? actsFor(lesson) : [];
  const chosen = asked !== null && acts.includes(asked) ? asked : (acts[0] ?? null);
  const said = text.states[lesson.state];
  return (
    <Drawer open title={lesson.title} size={520} onClose={close} data-testid="lesson-drawer">
      <dl className="facts">
        <dt>{text.subject}</dt>
        <dd>
          <SubjectTag subject={lesson.subject} /> {text.grade(lesson.grade)} · {text.kinds[lesson.kind]}
        </dd>
        <dt>{text.when}</dt>
        <dd>
          {shanghaiTime(lesson.starts_at)}–{shanghaiClock(lesson.ends_at)} ·{' '}
          {text.ownPeriod(lesson.org_name, lesson.period)}
        </dd>
        <dt>{text.teacher}</dt>
        <dd>{lesson.teacher_name}</dd>
        <dt>{text.where}</dt>
        <dd>
          {lesson.org_name} {lesson.classroom_name}
        </dd>
        <dt>{text.classes}</dt>
        <dd>
          <ul>
            {lesson.classes.map(({ class_id, class_name, org_name, period }) => (
              <li key={class_id}>
                {org_name} {class_name} · {text.period(period)}
              </li>
            ))}
          </ul>
        </dd>
        {said !== '' && (
          <>
            <dt>{text.reason}</dt>
            <dd>
              <strong>{said}</strong> {lesson.reason ?? ''}
            </dd>
          </>
        )}
      </dl>
      {chosen !== null && (
        <>
          {acts.length > 1 && (
            <Segmented<ChangeName>
              block
              value={chosen}
              onChange={setAsked}
              options={acts.map((one) => ({ value: one, label: text.do[one] }))}
            />
          )}
          <ChangeForm
            key={`${lesson.id} ${lesson.version} ${chosen}`}
            name={chosen}
            lesson={lesson}
            others={others}
            changed={changed}
            again={again}
          />
          {lesson.state === 'planned' && (
            <Button
              type="link"
              className="to-absent"
              onClick={() =>
                go(absentAddress({ term: lesson.term_id, teacher: lesson.teacher_id, from: lesson.day }))
              }
              data-testid="to-absent"
            >
              {text.teacherAbsent}
            </Button>
          )}
        </>
      )}
    </Drawer>
  );
}
