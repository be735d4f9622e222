// One term: when it begins, how long it is, its holidays and make-up days, and what the calendar then looks like.
import { Form, Input, InputNumber } from 'antd';
import { useRef } from 'react';
import type { OrgView, TermDay, TermInput, TermView } from '../../protocol/types';
import { weekdayOf } from '../../words/day';
import { EditDrawer } from '../shell/EditDrawer';
import { text as shell } from '../shell/words';
import { TermCalendar } from './TermCalendar';
import { TermDays } from './TermDays';
import { text } from './words';

interface Props {
  term: TermView | null;
  place: OrgView;
  busy: boolean;
  failure: Parameters<typeof EditDrawer>[0]['failure'];
  isFixed: boolean;
  save(input: TermInput): void;
  remove: (() => void) | undefined;
  close(): void;
}

type Fields = Omit<TermInput, 'org_id' | 'cancel_lessons'> & { days: TermDay[] };

const isMonday = {
  required: true,
  validator: (_: unknown, day: string | undefined) =>
    day !== undefined && day !== '' && weekdayOf(day) === 1
      ? Promise.resolve()
      : Promise.reject(new Error(text.notMonday)),
};

export function TermForm({ term, place, busy, failure, isFixed, save, remove, close }: Props) {
  const [form] = Form.useForm<Fields>();
  const first = Form.useWatch('first_day', form) ?? term?.first_day ?? '';
  const weeks = Form.useWatch('weeks', form) ?? term?.weeks ?? 0;
  const days = Form.useWatch('days', form) ?? term?.days ?? [];
  // The server has said how many lessons these days off would cancel; other days are another question.
  const asked = useRef('');
  const isAsked =
    failure?.kind === 'refused' &&
    failure.problem.type === 'lessons_on_days_off' &&
    asked.current === JSON.stringify(days);
  return (
    <EditDrawer<Fields>
      title={term?.name ?? text.newTerm}
      form={form}
      initial={term ?? { name: '', weeks: 20, days: [] }}
      busy={busy}
      failure={failure}
      isFixed={isFixed}
      saveWords={isAsked ? text.cancelAndSave : undefined}
      save={(fields) => {
        asked.current = JSON.stringify(fields.days);
        save({ ...fields, org_id: term?.org_id ?? place.id, cancel_lessons: isAsked });
      }}
      remove={remove}
      close={close}
    >
      <Form.Item name="name" label={text.name} rules={[{ required: true, message: shell.needed }]}>
        <Input maxLength={64} placeholder={text.nameExample} data-testid="name" />
      </Form.Item>
      <div className="fields-2">
        <Form.Item name="first_day" label={text.firstDay} rules={[isMonday]}>
          <Input type="date" data-testid="first-day" />
        </Form.Item>
        <Form.Item name="weeks" label={text.weeks}>
          <InputNumber min={1} max={30} />
        </Form.Item>
      </div>
      <Form.Item name="days" label={text.days}>
        <TermDays isFixed={isFixed} />
      </Form.Item>
      {first !== '' && weekdayOf(first) === 1 && <TermCalendar first={first} weeks={weeks} days={days} />}
    </EditDrawer>
  );
}
