// The frame of a place's tables: loaded, listed, one opened in its drawer, a new one made.
import { Button } from 'antd';
import type { ComponentType } from 'react';
import type { OrgView } from '../../protocol/types';
import { type DeskColumn, DeskTable } from '../shell/DeskTable';
import type { EditDrawer } from '../shell/EditDrawer';
import { FailurePlate, Loading } from '../shell/states';
import { type Kept, type Of, useThings } from './things';
import { text } from './words';

export interface TabProps {
  org: OrgView;
  orgs: OrgView[];
  mayChange: boolean;
}

export interface ThingFormProps<View, Input> {
  view: View | null;
  org: OrgView;
  orgs: OrgView[];
  busy: boolean;
  failure: Parameters<typeof EditDrawer>[0]['failure'];
  isFixed: boolean;
  save(input: Input): void;
  remove: (() => void) | undefined;
  /** Something of it was changed beside the form. */
  changed(): void;
  close(): void;
}

interface Props<View, Input> extends TabProps {
  name: 'classes' | 'teachers' | 'classrooms' | 'bells';
  of: Of<View, Input>;
  said(row: View): string;
  columns(rows: View[]): DeskColumn<View>[];
  Form: ComponentType<ThingFormProps<View, Input>>;
  /** Before what makes a new one. */
  actions?: React.ReactNode;
}

export function ThingsTable<View extends Kept, Input>({
  name,
  of,
  org,
  orgs,
  mayChange,
  said,
  columns,
  Form,
  actions,
}: Props<View, Input>) {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(of, org.id);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  return (
    <>
      <DeskTable<View>
        name={name}
        rows={loaded.value}
        rowKey={({ id }) => id}
        said={said}
        open={edit}
        empty={text.noneOf[name]}
        actions={
          <>
            {actions}
            {mayChange && (
              <Button type="primary" onClick={() => edit('new')} data-testid={`new-${name}`}>
                {text.newOf[name]}
              </Button>
            )}
          </>
        }
        columns={columns(loaded.value)}
      />
      {editing !== null && (
        <Form
          key={editing === 'new' ? 'new' : editing.id}
          view={editing === 'new' ? null : editing}
          org={org}
          orgs={orgs}
          busy={busy}
          failure={failure}
          isFixed={!mayChange}
          save={(input) => void save(input)}
          remove={remove}
          changed={reload}
          close={() => edit(null)}
        />
      )}
    </>
  );
}

/** The name of a row's school. */
export const schoolIn =
  (orgs: OrgView[]) =>
  ({ org_id }: { org_id: string }): string =>
    orgs.find(({ id }) => id === org_id)?.name ?? '';
