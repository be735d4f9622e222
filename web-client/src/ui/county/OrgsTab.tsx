// The places right below one: counties of a city, schools of a county.
import { Button, Form, Input, InputNumber, Select } from 'antd';
import { county } from '../../protocol/county';
import type { BellScheduleView, OrgInput, OrgView } from '../../protocol/types';
import { DeskTable, filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { EditDrawer } from '../shell/EditDrawer';
import { choices, SEARCHED } from '../shell/pick';
import { FailurePlate, Loading } from '../shell/states';
import { text as shell } from '../shell/words';
import { useThings } from './things';
import { kindsBelow } from './tree';
import { text } from './words';

const kbps = (value: number | null | undefined) =>
  value == null ? '—' : value >= 1000 ? `${value / 1000} M` : `${value} k`;

interface Props {
  org: OrgView;
  orgs: OrgView[];
  bells: BellScheduleView[];
  mayChange: boolean;
  choose(org: string): void;
  changed(): void;
}

export function OrgsTab({ org, orgs, bells, mayChange, choose, changed }: Props) {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(
    county.orgs,
    null,
    changed,
  );
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const rows = loaded.value.filter((one) => one.parent_id === org.id);
  const bellName = (one: OrgView) =>
    bells.find(({ id }) => id === one.bell_schedule_id)?.name ?? text.bellsOwn;
  return (
    <>
      <DeskTable<OrgView>
        name="orgs"
        rows={rows}
        rowKey={(row) => row.id}
        said={(row) => `${row.name} ${row.code}`}
        open={(row) => choose(row.id)}
        empty={text.noneOf.orgs}
        actions={
          mayChange && (
            <>
              <Button onClick={() => edit(org)} data-testid="edit-place">
                {text.edit}：{org.name}
              </Button>
              {kindsBelow(org.kind).length > 0 && (
                <Button type="primary" onClick={() => edit('new')} data-testid="new-orgs">
                  {text.newOf.orgs}
                </Button>
              )}
            </>
          )
        }
        columns={[
          textColumn('name', text.name, (row) => row.name),
          textColumn('code', text.code, (row) => row.code),
          {
            ...textColumn<OrgView>('kind', text.kind, (row) => text.kinds[row.kind]),
            ...filtersOf(rows, (row) => [text.kinds[row.kind]]),
          },
          {
            ...numberColumn<OrgView>('link', text.link, (row) => row.link_down_kbps ?? null),
            render: (_, row) => `${kbps(row.link_down_kbps)} / ${kbps(row.link_up_kbps)}`,
          },
          numberColumn('once', text.atOnce, (row) => row.lessons_at_once),
          {
            ...textColumn('bells', text.bells, bellName),
            ...filtersOf(rows, (row) => [bellName(row)]),
          },
        ]}
      />
      {editing !== null && (
        <OrgForm
          key={editing === 'new' ? 'new' : editing.id}
          org={editing === 'new' ? null : editing}
          parent={org}
          orgs={orgs}
          bells={bells}
          busy={busy}
          failure={failure}
          save={save}
          remove={remove}
          close={() => edit(null)}
        />
      )}
    </>
  );
}

interface FormProps {
  org: OrgView | null;
  /** Of a new one; null: the first place of all. */
  parent: OrgView | null;
  orgs: OrgView[];
  bells: BellScheduleView[];
  busy: boolean;
  failure: Parameters<typeof EditDrawer>[0]['failure'];
  save(input: OrgInput): void;
  remove?: (() => void) | undefined;
  close(): void;
}

export function OrgForm({ org, parent, orgs, bells, busy, failure, save, remove, close }: FormProps) {
  const [form] = Form.useForm<OrgInput>();
  const initial: Partial<OrgInput> =
    org ??
    (parent === null ? { kind: 'county' } : { parent_id: parent.id, kind: 'school', lessons_at_once: 1 });
  return (
    <EditDrawer<OrgInput>
      title={org?.name ?? (parent === null ? text.firstPlace : text.newOf.orgs)}
      form={form}
      initial={initial}
      busy={busy}
      failure={failure}
      save={(fields) => save({ ...fields, parent_id: fields.parent_id ?? null })}
      remove={remove}
      close={close}
    >
      <Form.Item name="name" label={text.name} rules={[{ required: true, message: shell.needed }]}>
        <Input autoFocus maxLength={64} data-testid="name" />
      </Form.Item>
      <Form.Item name="code" label={text.orgCode} rules={[{ required: true, message: shell.needed }]}>
        <Input maxLength={32} data-testid="code" />
      </Form.Item>
      <Form.Item name="kind" label={text.kind}>
        <Select
          options={(['province', 'city', 'county', 'school'] as const).map((kind) => ({
            value: kind,
            label: text.kinds[kind],
          }))}
        />
      </Form.Item>
      <Form.Item name="parent_id" label={text.parent}>
        <Select
          allowClear
          showSearch={SEARCHED}
          placeholder={text.noParent}
          options={choices(
            orgs.filter(({ id, kind }) => id !== org?.id && kind !== 'school'),
            ({ id }) => id,
            ({ name }) => name,
          )}
        />
      </Form.Item>
      <div className="fields-2">
        <Form.Item name="link_down_kbps" label={text.linkDown} extra={text.linkHint}>
          <InputNumber min={1} max={10_000_000} step={1000} />
        </Form.Item>
        <Form.Item name="link_up_kbps" label={text.linkUp}>
          <InputNumber min={1} max={10_000_000} step={1000} />
        </Form.Item>
      </div>
      <Form.Item name="lessons_at_once" label={text.atOnce} extra={text.atOnceHint}>
        <InputNumber min={1} max={64} />
      </Form.Item>
      <Form.Item name="bell_schedule_id" label={text.bells}>
        <Select
          allowClear
          showSearch={SEARCHED}
          placeholder={text.bellsOwn}
          options={choices(
            bells,
            ({ id }) => id,
            ({ name }) => name,
          )}
        />
      </Form.Item>
    </EditDrawer>
  );
}
