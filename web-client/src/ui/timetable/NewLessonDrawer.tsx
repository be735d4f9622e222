// One lesson more, by hand.
import { Form, Input, InputNumber, Select } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { ChangedView, OrgView, TermView, TimetableLessonInput } from '../../protocol/types';
import { SubjectField } from '../county/SubjectField';
import { useAct } from '../shell/act';
import { EditDrawer } from '../shell/EditDrawer';
import { useLoaded } from '../shell/loaded';
import { choices, SEARCHED } from '../shell/pick';
import { numberIn } from '../shell/query';
import { text as shell } from '../shell/words';
import { useNewCheck } from './check';
import { Looked } from './Looked';
import { text } from './words';

/** As the server's MAX_RECEIVERS. */
const MAX_RECEIVERS = 16;

interface Props {
  term: TermView;
  day: string;
  orgs: OrgView[];
  /** What the address already says of it: `subject`, `grade`, `teacher`, `classroom`, `class`, `on`, `period`. */
  asked: URLSearchParams;
  close(): void;
  added(done: ChangedView): void;
}

/** As the server's MAX_GRADE and MAX_PERIODS. */
const MAX_GRADE = 9;
const MAX_PERIODS = 16;

/** What the address says, and what is usual. */
function initialOf(asked: URLSearchParams, day: string): Partial<TimetableLessonInput> {
  const said = (name: string, key: string) => {
    const value = asked.get(name);
    return value === null ? {} : { [key]: value };
  };
  const group = asked.get('class');
  return {
    day: asked.get('on') ?? day,
    period: numberIn(asked, 'period', 1, MAX_PERIODS) ?? 1,
    grade: numberIn(asked, 'grade', 1, MAX_GRADE) ?? 3,
    class_ids: group === null ? [] : [group],
    ...said('subject', 'subject'),
    ...said('teacher', 'teacher_id'),
    ...said('classroom', 'classroom_id'),
  };
}

/** Enough of a lesson to be looked at, or null. */
function filledIn(fields: Partial<TimetableLessonInput> | undefined): TimetableLessonInput | null {
  if (fields === undefined) return null;
  const { subject, grade, teacher_id, classroom_id, day, period, class_ids } = fields;
  if (!subject || !grade || !teacher_id || !classroom_id || !day || !period) return null;
  return { subject, grade, teacher_id, classroom_id, day, period, class_ids: class_ids ?? [] };
}

const needed = [{ required: true, message: shell.needed }];

export function NewLessonDrawer({ term, day, orgs, asked, close, added }: Props) {
  const [form] = Form.useForm<TimetableLessonInput>();
  const { busy, failure, act } = useAct();
  const teachers = useLoaded(useCallback(() => county.teachers.list(), [])).loaded;
  const rooms = useLoaded(useCallback(() => county.classrooms.list(), [])).loaded;
  const classes = useLoaded(useCallback(() => county.classes.list(), [])).loaded;
  const school = (org: string) => orgs.find(({ id }) => id === org)?.name ?? '';
  const fields = Form.useWatch([], form) as Partial<TimetableLessonInput> | undefined;
  const teacher = fields?.teacher_id;
  const checked = useNewCheck(term.id, filledIn(fields));
  const home =
    teachers.kind === 'ready' ? (teachers.value.find(({ id }) => id === teacher)?.org_id ?? null) : null;
  const add = async (lesson: TimetableLessonInput) => {
    const done = await act(() => county.addLesson(term.id, lesson));
    if (done !== null) added(done);
  };
  const list = <T extends { id: string; name: string; org_id: string }>(all: readonly T[]) =>
    choices(
      all,
      ({ id }) => id,
      ({ name, org_id }) => `${school(org_id)} ${name}`,
    );
  return (
    <EditDrawer<TimetableLessonInput>
      title={text.add}
      form={form}
      initial={initialOf(asked, day)}
      busy={busy}
      failure={failure}
      save={(filled) => void add(filled)}
      close={close}
    >
      {checked.kind === 'none' ? <p className="soft">{text.fillIn}</p> : <Looked checked={checked} />}
      <div className="fields-2">
        <Form.Item name="subject" label={text.subject} rules={needed}>
          <SubjectField />
        </Form.Item>
        <Form.Item name="grade" label={text.gradeField}>
          <InputNumber min={1} max={MAX_GRADE} />
        </Form.Item>
        <Form.Item name="day" label={text.day} rules={needed}>
          <Input type="date" />
        </Form.Item>
        <Form.Item name="period" label={text.periodField}>
          <InputNumber min={1} max={MAX_PERIODS} />
        </Form.Item>
      </div>
      <Form.Item name="teacher_id" label={text.teacher} rules={needed}>
        <Select showSearch={SEARCHED} options={teachers.kind === 'ready' ? list(teachers.value) : []} />
      </Form.Item>
      <Form.Item name="classroom_id" label={text.room} rules={needed}>
        <Select
          showSearch={SEARCHED}
          options={
            rooms.kind === 'ready'
              ? list(rooms.value.filter(({ org_id }) => home === null || org_id === home))
              : []
          }
        />
      </Form.Item>
      <Form.Item name="class_ids" label={text.classes}>
        <Select
          mode="multiple"
          maxCount={MAX_RECEIVERS}
          showSearch={SEARCHED}
          options={classes.kind === 'ready' ? list(classes.value) : []}
        />
      </Form.Item>
    </EditDrawer>
  );
}
