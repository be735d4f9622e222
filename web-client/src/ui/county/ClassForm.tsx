// One class group: grade, room, consent, subjects, when it is taught on site.
import { Button, Checkbox, Form, Input, InputNumber, Select } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { ClassInput, ClassView, OrgView } from '../../protocol/types';
import { PairingsOf } from '../pairings/PairingsOf';
import { EditDrawer } from '../shell/EditDrawer';
import { useLoaded } from '../shell/loaded';
import { choices, SEARCHED } from '../shell/pick';
import { text as shell } from '../shell/words';
import { BusyGrid } from './BusyGrid';
import { SubjectField } from './SubjectField';
import type { ThingFormProps } from './ThingsTable';
import { below } from './tree';
import { text } from './words';

/** Schools at or below a place, to choose from. */
export function schoolChoices(org: OrgView, orgs: OrgView[]) {
  const inside = below(orgs, org.id);
  return choices(
    orgs.filter(({ id, kind }) => kind === 'school' && inside.has(id)),
    ({ id }) => id,
    ({ name }) => name,
  );
}

export function ClassForm({
  view,
  org,
  orgs,
  busy,
  failure,
  isFixed,
  save,
  remove,
  close,
}: ThingFormProps<ClassView, ClassInput>) {
  const [form] = Form.useForm<ClassInput>();
  const schools = schoolChoices(org, orgs);
  const school = Form.useWatch('org_id', form) ?? view?.org_id ?? null;
  const rooms = useLoaded(useCallback(() => county.classrooms.list(school), [school])).loaded;
  const initial: Partial<ClassInput> = view ?? {
    ...(schools.length === 1 && schools[0] !== undefined ? { org_id: schools[0].value } : {}),
    grade: 3,
    size: 30,
    consent: { live: false, record: false, publish: false },
    subjects: [],
    busy: [],
  };
  return (
    <EditDrawer<ClassInput>
      title={view?.name ?? text.newOf.classes}
      form={form}
      initial={initial}
      busy={busy}
      failure={failure}
      isFixed={isFixed}
      save={(fields) => save({ ...fields, classroom_id: fields.classroom_id ?? null })}
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
        <Form.Item name="code" label={text.classCode} rules={[{ required: true, message: shell.needed }]}>
          <Input maxLength={32} data-testid="code" />
        </Form.Item>
        <Form.Item name="grade" label={text.grade}>
          <InputNumber min={1} max={9} />
        </Form.Item>
        <Form.Item name="size" label={text.size}>
          <InputNumber min={0} max={200} />
        </Form.Item>
      </div>
      <Form.Item name="classroom_id" label={text.room}>
        <Select
          allowClear
          showSearch={SEARCHED}
          placeholder={shell.none}
          options={
            rooms.kind === 'ready'
              ? choices(
                  rooms.value.filter((room) => room.org_id === school),
                  ({ id }) => id,
                  ({ name }) => name,
                )
              : []
          }
        />
      </Form.Item>
      <Form.Item label={text.consent}>
        {(['live', 'record', 'publish'] as const).map((one) => (
          <Form.Item key={one} name={['consent', one]} valuePropName="checked" noStyle>
            <Checkbox>{text.consents[one]}</Checkbox>
          </Form.Item>
        ))}
      </Form.Item>
      <Form.Item label={text.subjects}>
        <Form.List name="subjects">
          {(fields, { add, remove: take }) => (
            <>
              {fields.map((field) => (
                <div key={field.key} className="row-fields">
                  <Form.Item name={[field.name, 'subject']} noStyle rules={[{ required: true }]}>
                    <SubjectField />
                  </Form.Item>
                  <Form.Item name={[field.name, 'on_site_periods']} noStyle>
                    <InputNumber min={0} max={60} aria-label={text.onSite} prefix={text.onSite} />
                  </Form.Item>
                  <Form.Item name={[field.name, 'edition']} noStyle>
                    <Input maxLength={64} placeholder={text.edition} aria-label={text.edition} />
                  </Form.Item>
                  <Button type="text" onClick={() => take(field.name)}>
                    {shell.remove}
                  </Button>
                </div>
              ))}
              <Button onClick={() => add({ subject: '', edition: '', on_site_periods: 0 })}>
                {text.addSubject}
              </Button>
            </>
          )}
        </Form.List>
      </Form.Item>
      <Form.Item name="busy" label={text.busyOnSite}>
        <BusyGrid disabled={isFixed} />
      </Form.Item>
      {view !== null && <PairingsOf group={view.id} />}
    </EditDrawer>
  );
}
