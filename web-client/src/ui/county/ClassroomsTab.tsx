// Classrooms of a place.
import { Button, Form, Input, InputNumber, Select } from 'antd';
import { county } from '../../protocol/county';
import type { ClassroomInput, ClassroomView, OrgView } from '../../protocol/types';
import { DeskTable, filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { EditDrawer } from '../shell/EditDrawer';
import { SEARCHED } from '../shell/pick';
import { FailurePlate, Loading } from '../shell/states';
import { text as shell } from '../shell/words';
import { schoolChoices, type ThingFormProps } from './ClassForm';
import { ScreensField } from './ScreensField';
import { useThings } from './things';
import { text } from './words';

export function ClassroomsTab({
  org,
  orgs,
  mayChange,
}: {
  org: OrgView;
  orgs: OrgView[];
  mayChange: boolean;
}) {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(county.classrooms, org.id);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const rows = loaded.value;
  const school = (row: ClassroomView) => orgs.find(({ id }) => id === row.org_id)?.name ?? '';
  return (
    <>
      <DeskTable<ClassroomView>
        name="classrooms"
        rows={rows}
        rowKey={(row) => row.id}
        said={(row) => `${row.name} ${school(row)}`}
        open={edit}
        empty={text.noneOf.classrooms}
        actions={
          mayChange && (
            <Button type="primary" onClick={() => edit('new')} data-testid="new-classrooms">
              {text.newOf.classrooms}
            </Button>
          )
        }
        columns={[
          textColumn('name', text.name, (row) => row.name),
          { ...textColumn('school', text.school, school), ...filtersOf(rows, (row) => [school(row)]) },
          numberColumn(
            'receivers',
            text.maxReceivers,
            (row) => row.max_receivers,
            (n) => (n === 0 ? text.receivesOnly : String(n)),
          ),
          numberColumn('screens', text.screens, (row) => row.device_ids.length),
        ]}
      />
      {editing !== null && (
        <ClassroomForm
          key={editing === 'new' ? 'new' : editing.id}
          view={editing === 'new' ? null : editing}
          org={org}
          orgs={orgs}
          busy={busy}
          failure={failure}
          isFixed={!mayChange}
          save={save}
          remove={remove}
          reload={reload}
          close={() => edit(null)}
        />
      )}
    </>
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
  reload,
  close,
}: ThingFormProps<ClassroomView, ClassroomInput> & { reload(): void }) {
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
      {view !== null && <ScreensField room={view} changed={reload} />}
    </EditDrawer>
  );
}
