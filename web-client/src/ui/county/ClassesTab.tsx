// Class groups of a place.
import { county } from '../../protocol/county';
import type { ClassInput, ClassView } from '../../protocol/types';
import { filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { ClassForm } from './ClassForm';
import { SubjectTag } from './SubjectTag';
import { subjectWord } from './subjects';
import { schoolIn, type TabProps, ThingsTable } from './ThingsTable';
import { text } from './words';

const CONSENTS = ['live', 'record', 'publish'] as const;

const consents = (row: ClassView): string[] => {
  const given = CONSENTS.filter((one) => row.consent[one]).map((one) => text.consents[one]);
  return given.length === 0 ? [text.noConsent] : given;
};

export function ClassesTab(props: TabProps) {
  const school = schoolIn(props.orgs);
  return (
    <ThingsTable<ClassView, ClassInput>
      {...props}
      name="classes"
      of={county.classes}
      Form={ClassForm}
      said={(row) => `${row.name} ${row.code} ${school(row)}`}
      columns={(rows) => [
        textColumn('name', text.name, (row) => row.name),
        {
          ...textColumn<ClassView>('school', text.school, school),
          ...filtersOf(rows, (row) => [school(row)]),
        },
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
  );
}
