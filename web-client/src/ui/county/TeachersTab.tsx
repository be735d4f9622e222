// Teachers of a place.
import { Button } from 'antd';
import { county } from '../../protocol/county';
import type { OrgView, TeacherView } from '../../protocol/types';
import { DeskTable, filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { FailurePlate, Loading } from '../shell/states';
import { SubjectTag } from './SubjectTag';
import { subjectWord } from './subjects';
import { TeacherForm } from './TeacherForm';
import { useThings } from './things';
import { text } from './words';

export function TeachersTab({ org, orgs, mayChange }: { org: OrgView; orgs: OrgView[]; mayChange: boolean }) {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(county.teachers, org.id);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const rows = loaded.value;
  const school = (row: TeacherView) => orgs.find(({ id }) => id === row.org_id)?.name ?? '';
  return (
    <>
      <DeskTable<TeacherView>
        name="teachers"
        rows={rows}
        rowKey={(row) => row.id}
        said={(row) => `${row.name} ${row.code} ${school(row)}`}
        open={edit}
        empty={text.noneOf.teachers}
        actions={
          mayChange && (
            <Button type="primary" onClick={() => edit('new')} data-testid="new-teachers">
              {text.newOf.teachers}
            </Button>
          )
        }
        columns={[
          textColumn('name', text.name, (row) => row.name),
          { ...textColumn('school', text.school, school), ...filtersOf(rows, (row) => [school(row)]) },
          {
            key: 'subjects',
            title: text.teaches,
            ...filtersOf(rows, (row) => row.subjects.map(({ subject }) => subjectWord(subject))),
            render: (_, row) => (
              <span className="tags">
                {row.subjects.map(({ subject, grade_from, grade_to, edition }) => (
                  <SubjectTag
                    key={`${subject} ${grade_from} ${edition}`}
                    subject={subject}
                    more={grade_from === grade_to ? String(grade_from) : `${grade_from}–${grade_to}`}
                  />
                ))}
              </span>
            ),
          },
          numberColumn('weekly', text.maxWeekly, (row) => row.max_weekly),
          numberColumn(
            'delivered',
            text.maxDelivered,
            (row) => row.max_delivered,
            (n) => (n === 0 ? text.notMaster : String(n)),
          ),
          textColumn('code', text.code, (row) => row.code),
        ]}
      />
      {editing !== null && (
        <TeacherForm
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
