// One change of one lesson: filled in, looked at by the server while it is, carried out with one press.
import { Alert, Button, Input, InputNumber, Select } from 'antd';
import { useCallback, useState } from 'react';
import { county } from '../../protocol/county';
import type { ChangedView, ChangeRequest, TeacherView, TimetableLessonView } from '../../protocol/types';
import { shanghaiTime } from '../../words/day';
import { useAct } from '../shell/act';
import { Field } from '../shell/Field';
import { useLoaded } from '../shell/loaded';
import { SEARCHED } from '../shell/pick';
import { Refused } from '../shell/Refused';
import { type Checked, useCheck } from './check';
import { text } from './words';

export type ChangeName = ChangeRequest['do'];

interface Props {
  name: ChangeName;
  lesson: TimetableLessonView;
  others: TimetableLessonView[];
  changed(done: ChangedView): void;
  again(): void;
}

interface Filled {
  day: string;
  period: number;
  teacher: string | null;
  other: string | null;
  reason: string;
}

/** The change that is filled in, or null while something is missing. */
export function requestOf(
  name: ChangeName,
  lesson: TimetableLessonView,
  filled: Filled,
): ChangeRequest | null {
  const { version } = lesson;
  const { reason, day, period, teacher, other } = filled;
  switch (name) {
    case 'move':
      return day === lesson.day && period === lesson.period
        ? null
        : { do: 'move', day, period, reason, version };
    case 'cancel':
      return reason.trim() === '' ? null : { do: 'cancel', reason, version };
    case 'restore':
      return { do: 'restore', version };
    case 'substitute':
      return teacher === null ? null : { do: 'substitute', teacher_id: teacher, reason, version };
    case 'swap':
      return other === null ? null : { do: 'swap', with: other, reason, version };
  }
}

export function ChangeForm({ name, lesson, others, changed, again }: Props) {
  const [filled, setFilled] = useState<Filled>({
    day: lesson.day,
    period: lesson.period,
    teacher: null,
    other: null,
    reason: '',
  });
  const fill = (part: Partial<Filled>) => setFilled((before) => ({ ...before, ...part }));
  const request = requestOf(name, lesson, filled);
  // A reason changes nothing about whether it fits; a cancelled lesson is in nobody's way.
  const looked =
    request === null || name === 'cancel' ? null : requestOf(name, lesson, { ...filled, reason: '' });
  const checked = useCheck(lesson.id, looked);
  const { busy, failure, act } = useAct();
  const carryOut = async () => {
    if (request === null) return;
    const done = await act(() => county.change(lesson.id, request));
    if (done !== null) changed(done);
    else again();
  };
  return (
    <form
      className="change"
      onSubmit={(event) => {
        event.preventDefault();
        void carryOut();
      }}
    >
      {name === 'move' && (
        <div className="fields-2">
          <Field label={text.day}>
            {(id) => (
              <Input
                id={id}
                type="date"
                value={filled.day}
                onChange={(event) => event.target.value !== '' && fill({ day: event.target.value })}
                data-testid="move-day"
              />
            )}
          </Field>
          <Field label={text.periodField}>
            {(id) => (
              <InputNumber
                id={id}
                min={1}
                max={16}
                value={filled.period}
                onChange={(period) => period !== null && fill({ period })}
              />
            )}
          </Field>
        </div>
      )}
      {name === 'substitute' && (
        <Substitutes lesson={lesson} chosen={filled.teacher} choose={(teacher) => fill({ teacher })} />
      )}
      {name === 'swap' && (
        <Field label={text.swapWith}>
          {(id) => (
            <Select
              id={id}
              showSearch={SEARCHED}
              value={filled.other}
              onChange={(other) => fill({ other })}
              options={others
                .filter(({ id, state }) => id !== lesson.id && state === 'planned')
                .map((one) => ({
                  value: one.id,
                  label: `${one.title} · ${one.teacher_name} · ${shanghaiTime(one.starts_at)}`,
                }))}
            />
          )}
        </Field>
      )}
      {name === 'restore' && <p className="soft">{text.restoreHint}</p>}
      {name !== 'restore' && (
        <Field label={text.reasonOf[name]}>
          {(id) => (
            <Input
              id={id}
              maxLength={200}
              value={filled.reason}
              onChange={(event) => fill({ reason: event.target.value })}
              data-testid="reason"
            />
          )}
        </Field>
      )}
      <Looked checked={checked} />
      <Refused failure={failure} />
      <Button
        type="primary"
        size="large"
        htmlType="submit"
        danger={name === 'cancel'}
        loading={busy}
        disabled={request === null || checked.kind === 'refused'}
        data-testid={`do-${name}`}
      >
        {text.carryOut[name]}
      </Button>
    </form>
  );
}

function Looked({ checked }: { checked: Checked }) {
  if (checked.kind === 'none') return null;
  if (checked.kind === 'asking') return <p className="soft">{text.asking}</p>;
  if (checked.kind === 'fits') return <Alert type="success" showIcon title={text.fits} />;
  return (
    <Alert
      type="warning"
      showIcon
      title={text.doesNotFit}
      description={
        <ul className="conflicts">
          {checked.words.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      }
    />
  );
}

const canTeach = ({ subjects }: TeacherView, { subject, grade }: TimetableLessonView) =>
  subjects.some((one) => one.subject === subject && one.grade_from <= grade && grade <= one.grade_to);

interface SubstitutesProps {
  lesson: TimetableLessonView;
  chosen: string | null;
  choose(teacher: string): void;
}

/** Those who teach the subject first. */
function Substitutes({ lesson, chosen, choose }: SubstitutesProps) {
  const { loaded } = useLoaded(useCallback(() => county.teachers.list(), []));
  const teachers = loaded.kind === 'ready' ? loaded.value.filter(({ id }) => id !== lesson.teacher_id) : [];
  const sorted = [...teachers].sort((a, b) => Number(canTeach(b, lesson)) - Number(canTeach(a, lesson)));
  return (
    <Field label={text.substituteBy}>
      {(id) => (
        <Select
          id={id}
          showSearch={SEARCHED}
          loading={loaded.kind === 'loading'}
          value={chosen}
          onChange={(teacher: string | null) => teacher !== null && choose(teacher)}
          options={sorted.map((teacher) => ({
            value: teacher.id,
            label: canTeach(teacher, lesson) ? `${teacher.name} · ${text.teaches}` : teacher.name,
          }))}
        />
      )}
    </Field>
  );
}
