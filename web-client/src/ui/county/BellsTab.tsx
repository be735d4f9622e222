// Bell times a place keeps.
import { Button, Form, Input } from 'antd';
import { county } from '../../protocol/county';
import type { BellScheduleInput, BellScheduleView, OrgView } from '../../protocol/types';
import { clockOf, minuteOf } from '../../words/day';
import { DeskTable, numberColumn, textColumn } from '../shell/DeskTable';
import { EditDrawer } from '../shell/EditDrawer';
import { FailurePlate, Loading } from '../shell/states';
import { text as shell } from '../shell/words';
import { nextPeriod } from './bells';
import type { ThingFormProps } from './ClassForm';
import { useThings } from './things';
import { text } from './words';

const times = ({ periods }: BellScheduleView) =>
  periods.map(({ starts_min, ends_min }) => `${clockOf(starts_min)}–${clockOf(ends_min)}`).join('  ');

interface Props {
  org: OrgView;
  orgs: OrgView[];
  mayChange: boolean;
}

export function BellsTab({ org, orgs, mayChange }: Props) {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(county.bells, org.id);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  return (
    <>
      <DeskTable<BellScheduleView>
        name="bells"
        rows={loaded.value}
        rowKey={(row) => row.id}
        said={(row) => row.name}
        open={edit}
        empty={text.noneOf.bells}
        actions={
          mayChange && (
            <Button type="primary" onClick={() => edit('new')} data-testid="new-bells">
              {text.newOf.bells}
            </Button>
          )
        }
        columns={[
          textColumn('name', text.name, (row) => row.name),
          textColumn('place', text.parent, (row) => orgs.find(({ id }) => id === row.org_id)?.name ?? ''),
          numberColumn('count', text.tabs.bells, (row) => row.periods.length, text.periods),
          {
            key: 'times',
            title: text.starts,
            render: (_, row) => <span className="times">{times(row)}</span>,
          },
        ]}
      />
      {editing !== null && (
        <BellForm
          key={editing === 'new' ? 'new' : editing.id}
          view={editing === 'new' ? null : editing}
          org={org}
          orgs={orgs}
          busy={busy}
          failure={failure}
          isFixed={!mayChange}
          save={save}
          remove={remove}
          close={() => edit(null)}
        />
      )}
    </>
  );
}

interface Fields {
  name: string;
  periods: { starts: string; ends: string }[];
}

const asTime = {
  required: true,
  validator: (_: unknown, value: string) =>
    minuteOf(value ?? '') === null ? Promise.reject(new Error(text.timeHint)) : Promise.resolve(),
};

export function BellForm({
  view,
  org,
  busy,
  failure,
  isFixed,
  save,
  remove,
  close,
}: ThingFormProps<BellScheduleView, BellScheduleInput>) {
  const [form] = Form.useForm<Fields>();
  const typed = (fields: Fields): BellScheduleInput => ({
    org_id: view?.org_id ?? org.id,
    name: fields.name,
    periods: fields.periods.map(({ starts, ends }, at) => ({
      period: at + 1,
      starts_min: minuteOf(starts) ?? 0,
      ends_min: minuteOf(ends) ?? 0,
    })),
  });
  return (
    <EditDrawer<Fields>
      title={view?.name ?? text.newOf.bells}
      form={form}
      initial={{
        name: view?.name ?? '',
        periods: (view?.periods ?? []).map(({ starts_min, ends_min }) => ({
          starts: clockOf(starts_min),
          ends: clockOf(ends_min),
        })),
      }}
      busy={busy}
      failure={failure}
      isFixed={isFixed}
      save={(fields) => save(typed(fields))}
      remove={remove}
      close={close}
    >
      <Form.Item name="name" label={text.name} rules={[{ required: true, message: shell.needed }]}>
        <Input maxLength={64} data-testid="name" />
      </Form.Item>
      <Form.List name="periods">
        {(fields, { add, remove: take }) => (
          <>
            {fields.map((field, at) => (
              <div key={field.key} className="row-fields bells-row">
                <span>{text.period(at + 1)}</span>
                <Form.Item name={[field.name, 'starts']} rules={[asTime]}>
                  <Input aria-label={`${text.period(at + 1)} ${text.starts}`} placeholder="08:30" />
                </Form.Item>
                <Form.Item name={[field.name, 'ends']} rules={[asTime]}>
                  <Input aria-label={`${text.period(at + 1)} ${text.ends}`} placeholder="09:10" />
                </Form.Item>
                <Button type="text" onClick={() => take(field.name)}>
                  {shell.remove}
                </Button>
              </div>
            ))}
            <Button
              onClick={() => add(nextPeriod((form.getFieldValue('periods') as Fields['periods']) ?? []))}
              disabled={fields.length >= 16}
            >
              {text.addPeriod}
            </Button>
          </>
        )}
      </Form.List>
    </EditDrawer>
  );
}
