// One teacher: subjects and grades, weekly load, when they have no time.
import { Button, Form, Input, InputNumber, Select } from 'antd';
import type { TeacherInput, TeacherView } from '../../protocol/types';
import { PairingsOf } from '../pairings/PairingsOf';
import { EditDrawer } from '../shell/EditDrawer';
import { SEARCHED } from '../shell/pick';
import { text as shell } from '../shell/words';
import { BusyGrid } from './BusyGrid';
import { schoolChoices } from './ClassForm';
import { SubjectField } from './SubjectField';
import type { ThingFormProps } from './ThingsTable';
import { text } from './words';

export function TeacherForm({
  view,
  org,
  orgs,
  busy,
  failure,
  isFixed,
  save,
  remove,
  close,
}: ThingFormProps<TeacherView, TeacherInput>) {
  const [form] = Form.useForm<TeacherInput>();
  const schools = schoolChoices(org, orgs);
  const initial: Partial<TeacherInput> = view ?? {
    ...(schools.length === 1 && schools[0] !== undefined ? { org_id: schools[0].value } : {}),
    max_weekly: 14,
    max_delivered: 0,
    subjects: [],
    busy: [],
  };
  return (
    <EditDrawer<TeacherInput>
      title={view?.name ?? text.newOf.teachers}
      form={form}
      initial={initial}
      busy={busy}
      failure={failure}
      isFixed={isFixed}
      save={save}
      remove={remove}
      close={close}
    >
      <Form.Item name="org_id" label={text.school} rules={[{ required: true, message: shell.needed }]}>
        <Select showSearch={SEARCHED} options={schools} />
      </Form.Item>
      <div className="fields-2">
        <Form.Item name="name" label={text.name} rules={[{ required: true, message: shell.needed }]}>
          <Input maxLength={64} data-testid="name" />
        </Form.Item>
        <Form.Item name="code" label={text.personCode} rules={[{ required: true, message: shell.needed }]}>
          <Input maxLength={32} data-testid="code" />
        </Form.Item>
        <Form.Item name="max_weekly" label={text.maxWeekly}>
          <InputNumber min={0} max={60} />
        </Form.Item>
        <Form.Item name="max_delivered" label={text.maxDelivered} extra={text.maxDeliveredHint}>
          <InputNumber min={0} max={60} />
        </Form.Item>
      </div>
      <Form.Item label={text.teaches}>
        <Form.List name="subjects">
          {(fields, { add, remove: take }) => (
            <>
              {fields.map((field) => (
                <div key={field.key} className="row-fields">
                  <Form.Item name={[field.name, 'subject']} noStyle rules={[{ required: true }]}>
                    <SubjectField />
                  </Form.Item>
                  <Form.Item name={[field.name, 'grade_from']} noStyle>
                    <InputNumber min={1} max={9} aria-label={text.gradeFrom} prefix={text.gradeFrom} />
                  </Form.Item>
                  <Form.Item name={[field.name, 'grade_to']} noStyle>
                    <InputNumber min={1} max={9} aria-label={text.gradeTo} prefix={text.gradeTo} />
                  </Form.Item>
                  <Form.Item name={[field.name, 'edition']} noStyle>
                    <Input maxLength={64} placeholder={text.edition} aria-label={text.edition} />
                  </Form.Item>
                  <Button type="text" onClick={() => take(field.name)}>
                    {shell.remove}
                  </Button>
                </div>
              ))}
              <Button onClick={() => add({ subject: '', grade_from: 1, grade_to: 6, edition: '' })}>
                {text.addSubject}
              </Button>
            </>
          )}
        </Form.List>
      </Form.Item>
      <Form.Item name="busy" label={text.busyPerson}>
        <BusyGrid disabled={isFixed} />
      </Form.Item>
      {view !== null && <PairingsOf teacher={view.id} />}
    </EditDrawer>
  );
}
