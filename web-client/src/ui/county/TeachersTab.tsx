// Teachers of a place.
import { county } from '../../protocol/county';
import type { TeacherInput, TeacherView } from '../../protocol/types';
import { filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { SubjectTag } from './SubjectTag';
import { subjectWord } from './subjects';
import { TeacherForm } from './TeacherForm';
import { schoolIn, type TabProps, ThingsTable } from './ThingsTable';
import { text } from './words';

export function TeachersTab(props: TabProps) {
  const school = schoolIn(props.orgs);
  return (
    <ThingsTable<TeacherView, TeacherInput>
      {...props}
      name="teachers"
      of={county.teachers}
      Form={TeacherForm}
      said={(row) => `${row.name} ${row.code} ${school(row)}`}
      columns={(rows) => [
        textColumn('name', text.name, (row) => row.name),
        {
          ...textColumn<TeacherView>('school', text.school, school),
          ...filtersOf(rows, (row) => [school(row)]),
        },
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
  );
}
