// One change of one lesson: filled in, looked at by the server while it is, carried out with one press.
import { Alert, Button, Input, InputNumber, Select } from 'antd';
import { useCallback, useState } from 'react';
import { county } from '../../protocol/county';
import type { ChangedView, ChangeRequest, SubstituteView, TimetableLessonView } from '../../protocol/types';
import { shanghaiTime } from '../../words/day';
import { useAct } from '../shell/act';
import { Field } from '../shell/Field';
import { useLoaded } from '../shell/loaded';
import { SEARCHED } from '../shell/pick';
import { Refused } from '../shell/Refused';
import { FailurePlate } from '../shell/states';
import { useCheck } from './check';
import { Looked } from './Looked';
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
  substitute: SubstituteView | null;
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
  const { reason, day, period, substitute, other } = filled;
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
      return substitute === null
        ? null
        : {
            do: 'substitute',
            teacher_id: substitute.teacher_id,
            classroom_id: substitute.classroom_id ?? null,
            reason,
            version,
          };
    case 'swap':
      return other === null ? null : { do: 'swap', with: other, reason, version };
  }
}

/** Lessons to come that are not open; those of the same teacher, school or class first, then by time. */
export function swappable(lesson: TimetableLessonView, others: TimetableLessonView[]): TimetableLessonView[] {
  const now = Date.now();
  const classes = new Set(lesson.classes.map(({ class_id }) => class_id));
  const near = (one: TimetableLessonView) =>
    one.teacher_id === lesson.teacher_id || one.classes.some(({ class_id }) => classes.has(class_id))
      ? 0
      : one.org_id === lesson.org_id
        ? 1
        : 2;
  return others
    .filter(
      ({ id, state, starts_at, lesson_id }) =>
        id !== lesson.id && state === 'planned' && starts_at > now && lesson_id == null,
    )
    .sort((a, b) => near(a) - near(b) || a.starts_at - b.starts_at);
}

export function ChangeForm({ name, lesson, others, changed, again }: Props) {
  const [filled, setFilled] = useState<Filled>({
    day: lesson.day,
    period: lesson.period,
    substitute: null,
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
        <Substitutes
          lesson={lesson}
          chosen={filled.substitute}
          choose={(substitute) => fill({ substitute })}
        />
      )}
      {name === 'swap' && (
        <Field label={text.swapWith}>
          {(id) => (
            <Select
              id={id}
              showSearch={SEARCHED}
              value={filled.other}
              onChange={(other) => fill({ other })}
              options={swappable(lesson, others).map((one) => ({
                value: one.id,
                label: `${shanghaiTime(one.starts_at)} · ${one.title} · ${one.teacher_name}`,
              }))}
              data-testid="swap-with"
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

interface SubstitutesProps {
  lesson: TimetableLessonView;
  chosen: SubstituteView | null;
  choose(one: SubstituteView): void;
}

/** Only those who can teach it and are free then; those of the same school first, then those who give least. */
function Substitutes({ lesson, chosen, choose }: SubstitutesProps) {
  const { loaded, reload } = useLoaded(useCallback(() => county.substitutes(lesson.id), [lesson.id]));
  if (loaded.kind === 'loading') return <p className="soft">{text.lookingForSubstitutes}</p>;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const all = loaded.value;
  if (all.length === 0) {
    return <Alert type="info" showIcon title={text.noSubstitute} description={text.noSubstituteHint} />;
  }
  const room = ({ classroom_id, classroom_name }: SubstituteView) =>
    classroom_id == null ? text.sameRoom : classroom_name;
  return (
    <Field label={text.substituteBy}>
      {(id) => (
        <Select
          id={id}
          showSearch={SEARCHED}
          value={chosen?.teacher_id ?? null}
          onChange={(teacher: string | null) => {
            const found = all.find((one) => one.teacher_id === teacher);
            if (found !== undefined) choose(found);
          }}
          options={all.map((one) => ({
            value: one.teacher_id,
            label: `${one.teacher_name} · ${one.org_name} ${room(one)} · ${one.over == null ? text.thatWeek(one.lessons_that_week) : text.tooMany(one.over)}`,
          }))}
          data-testid="substitute"
        />
      )}
    </Field>
  );
}
