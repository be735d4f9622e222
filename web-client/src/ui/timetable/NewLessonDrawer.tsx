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
import { text as shell } from '../shell/words';
import { text } from './words';

/** As the server's MAX_RECEIVERS. */
const MAX_RECEIVERS = 16;

interface Props {
  term: TermView;
  day: string;
  orgs: OrgView[];
  close(): void;
  added(done: ChangedView): void;
}

const needed = [{ required: true, message: shell.needed }];

export function NewLessonDrawer({ term, day, orgs, close, added }: Props) {
  const [form] = Form.useForm<TimetableLessonInput>();
  const { busy, failure, act } = useAct();
  const teachers = useLoaded(useCallback(() => county.teachers.list(), [])).loaded;
  const rooms = useLoaded(useCallback(() => county.classrooms.list(), [])).loaded;
  const classes = useLoaded(useCallback(() => county.classes.list(), [])).loaded;
  const school = (org: string) => orgs.find(({ id }) => id === org)?.name ?? '';
  const teacher = Form.useWatch('teacher_id', form);
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
      initial={{ day, period: 1, grade: 3, class_ids: [] }}
      busy={busy}
      failure={failure}
      save={(fields) => void add(fields)}
      close={close}
    >
      <div className="fields-2">
        <Form.Item name="subject" label={text.subject} rules={needed}>
          <SubjectField />
        </Form.Item>
        <Form.Item name="grade" label={text.gradeField}>
          <InputNumber min={1} max={9} />
        </Form.Item>
        <Form.Item name="day" label={text.day} rules={needed}>
          <Input type="date" />
        </Form.Item>
        <Form.Item name="period" label={text.periodField}>
          <InputNumber min={1} max={16} />
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
