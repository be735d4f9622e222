// Classrooms of a place.
import { Form, Input, InputNumber, Select } from 'antd';
import { county } from '../../protocol/county';
import type { ClassroomInput, ClassroomView } from '../../protocol/types';
import { filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { EditDrawer } from '../shell/EditDrawer';
import { SEARCHED } from '../shell/pick';
import { text as shell } from '../shell/words';
import { schoolChoices } from './ClassForm';
import { ScreensField } from './ScreensField';
import { schoolIn, type TabProps, type ThingFormProps, ThingsTable } from './ThingsTable';
import { text } from './words';

export function ClassroomsTab(props: TabProps) {
  const school = schoolIn(props.orgs);
  return (
    <ThingsTable<ClassroomView, ClassroomInput>
      {...props}
      name="classrooms"
      of={county.classrooms}
      Form={ClassroomForm}
      said={(row) => `${row.name} ${school(row)}`}
      columns={(rows) => [
        textColumn('name', text.name, (row) => row.name),
        {
          ...textColumn<ClassroomView>('school', text.school, school),
          ...filtersOf(rows, (row) => [school(row)]),
        },
        numberColumn(
          'receivers',
          text.maxReceivers,
          (row) => row.max_receivers,
          (n) => (n === 0 ? text.receivesOnly : String(n)),
        ),
        numberColumn('screens', text.screens, (row) => row.device_ids.length),
      ]}
    />
  );
}

function ClassroomForm({
  view,
  org,
  orgs,
  busy,
  failure,
  isFixed,
  save,
  remove,
  changed,
  close,
}: ThingFormProps<ClassroomView, ClassroomInput>) {
  const [form] = Form.useForm<ClassroomInput>();
  const schools = schoolChoices(org, orgs);
  const initial: Partial<ClassroomInput> = view ?? {
    ...(schools.length === 1 && schools[0] !== undefined ? { org_id: schools[0].value } : {}),
    max_receivers: 0,
  };
  return (
    <EditDrawer<ClassroomInput>
      title={view?.name ?? text.newOf.classrooms}
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
      <Form.Item name="name" label={text.name} rules={[{ required: true, message: shell.needed }]}>
        <Input maxLength={64} data-testid="name" />
      </Form.Item>
      <Form.Item name="max_receivers" label={text.maxReceivers} extra={text.maxReceiversHint}>
        <InputNumber min={0} max={16} />
      </Form.Item>
      {view !== null && <ScreensField room={view} changed={changed} />}
    </EditDrawer>
  );
}
