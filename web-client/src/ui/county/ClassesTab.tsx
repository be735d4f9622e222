// Class groups of a place.
import { Button } from 'antd';
import { county } from '../../protocol/county';
import type { ClassView, OrgView } from '../../protocol/types';
import { DeskTable, filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { FailurePlate, Loading } from '../shell/states';
import { ClassForm } from './ClassForm';
import { SubjectTag } from './SubjectTag';
import { subjectWord } from './subjects';
import { useThings } from './things';
import { text } from './words';

const CONSENTS = ['live', 'record', 'publish'] as const;

const consents = (row: ClassView): string[] => {
  const given = CONSENTS.filter((one) => row.consent[one]).map((one) => text.consents[one]);
  return given.length === 0 ? [text.noConsent] : given;
};

export function ClassesTab({ org, orgs, mayChange }: { org: OrgView; orgs: OrgView[]; mayChange: boolean }) {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(county.classes, org.id);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const rows = loaded.value;
  const school = (row: ClassView) => orgs.find(({ id }) => id === row.org_id)?.name ?? '';
  return (
    <>
      <DeskTable<ClassView>
        name="classes"
        rows={rows}
        rowKey={(row) => row.id}
        said={(row) => `${row.name} ${row.code} ${school(row)}`}
        open={edit}
        empty={text.noneOf.classes}
        actions={
          mayChange && (
            <Button type="primary" onClick={() => edit('new')} data-testid="new-classes">
              {text.newOf.classes}
            </Button>
          )
        }
        columns={[
          textColumn('name', text.name, (row) => row.name),
          { ...textColumn('school', text.school, school), ...filtersOf(rows, (row) => [school(row)]) },
          {
            ...numberColumn<ClassView>('grade', text.grade, (row) => row.grade),
            ...filtersOf(rows, (row) => [String(row.grade)]),
          },
          numberColumn('size', text.size, (row) => row.size),
          {
            key: 'subjects',
            title: text.subjects,
            ...filtersOf(rows, (row) => row.subjects.map(({ subject }) => subjectWord(subject))),
            render: (_, row) => (
              <span className="tags">
                {row.subjects.slice(0, 5).map(({ subject, on_site_periods }) => (
                  <SubjectTag key={subject} subject={subject} more={String(on_site_periods)} />
                ))}
                {row.subjects.length > 5 && <span className="soft">+{row.subjects.length - 5}</span>}
              </span>
            ),
          },
          {
            key: 'consent',
            title: text.consent,
            ...filtersOf(rows, consents),
            render: (_, row) => consents(row).join(' · '),
          },
          textColumn('code', text.code, (row) => row.code),
        ]}
      />
      {editing !== null && (
        <ClassForm
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
