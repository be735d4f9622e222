// Bell times a place keeps, and those by which it goes.
import { Button, Form, Input, Select } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { BellScheduleInput, BellScheduleView } from '../../protocol/types';
import { clockOf, minuteOf } from '../../words/day';
import { useAct } from '../shell/act';
import { numberColumn, textColumn } from '../shell/DeskTable';
import { EditDrawer } from '../shell/EditDrawer';
import { useLoaded } from '../shell/loaded';
import { Refused } from '../shell/Refused';
import { text as shell } from '../shell/words';
import { nextPeriod } from './bells';
import { schoolIn, type TabProps, type ThingFormProps, ThingsTable } from './ThingsTable';
import { pathTo } from './tree';
import { text } from './words';

const times = ({ periods }: BellScheduleView) =>
  periods.map(({ starts_min, ends_min }) => `${clockOf(starts_min)}–${clockOf(ends_min)}`).join('  ');

interface Props extends TabProps {
  /** The place goes by others now. */
  followed(): void;
}

export function BellsTab({ followed, ...props }: Props) {
  const place = schoolIn(props.orgs);
  return (
    <>
      <Followed {...props} followed={followed} />
      <ThingsTable<BellScheduleView, BellScheduleInput>
        {...props}
        name="bells"
        of={county.bells}
        Form={BellForm}
        said={(row) => row.name}
        columns={() => [
          textColumn('name', text.name, (row) => row.name),
          textColumn<BellScheduleView>('place', text.parent, place),
          numberColumn('count', text.tabs.bells, (row) => row.periods.length, text.periods),
          {
            key: 'times',
            title: text.starts,
            render: (_, row) => <span className="times">{times(row)}</span>,
          },
        ]}
      />
    </>
  );
}

/** A place goes by bell times of its own or of a place above; by none named, by its parent's. */
function Followed({ org, orgs, mayChange, followed }: Props) {
  const { loaded } = useLoaded(useCallback(() => county.bells.list(org.id), [org.id]));
  const { busy, failure, act } = useAct();
  if (loaded.kind !== 'ready') return null;
  const above = new Set(pathTo(orgs, org.id).map(({ id }) => id));
  const place = schoolIn(orgs);
  const kept = loaded.value.filter((bell) => above.has(bell.org_id) || bell.id === org.bell_schedule_id);
  const follow = async (bells: string) => {
    const done = await act(() => county.followBells(org.id, bells === '' ? null : bells));
    if (done !== null) followed();
  };
  return (
    <div className="followed">
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the select is inside */}
      <label>
        {text.follows(org.name)}
        <Select
          value={org.bell_schedule_id ?? ''}
          disabled={!mayChange}
          loading={busy}
          onChange={(bells) => void follow(bells)}
          options={[
            { value: '', label: org.parent_id == null ? shell.none : text.bellsOwn },
            ...kept.map((bell) => ({ value: bell.id, label: `${bell.name} · ${place(bell)}` })),
          ]}
          data-testid="follow-bells"
        />
      </label>
      <Refused failure={failure} />
    </div>
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
