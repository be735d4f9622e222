// What the state prescribes: subjects down, grades across, periods a week.
import { App, Button, InputNumber } from 'antd';
import { useCallback, useState } from 'react';
import { county } from '../../protocol/county';
import type { OrgView, Prescribed } from '../../protocol/types';
import { useAct } from '../shell/act';
import { useLoaded } from '../shell/loaded';
import { Refused } from '../shell/Refused';
import { FailurePlate, Loading } from '../shell/states';
import { text as shell } from '../shell/words';
import { GRADES, matrixOf, rowsOf, sumOf, withPeriods } from './curriculum';
import { SubjectField } from './SubjectField';
import { SubjectTag } from './SubjectTag';
import { subjectWord } from './subjects';
import { text } from './words';

export function CurriculumTab({ org, mayChange }: { org: OrgView; mayChange: boolean }) {
  const { loaded, reload } = useLoaded(useCallback(() => county.curriculum(org.id), [org.id]));
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  return <Matrix key={org.id} org={org.id} rows={loaded.value} mayChange={mayChange} />;
}

function Matrix({ org, rows, mayChange }: { org: string; rows: Prescribed[]; mayChange: boolean }) {
  const { message } = App.useApp();
  const [matrix, setMatrix] = useState(() => matrixOf(rows));
  const [subject, setSubject] = useState('');
  const { busy, failure, act } = useAct();
  const add = () => {
    const name = subject.trim();
    if (name !== '' && !matrix.has(name)) setMatrix(new Map(matrix).set(name, new Map()));
    setSubject('');
  };
  const save = async () => {
    if ((await act(() => county.prescribe(org, rowsOf(matrix)))) !== null) void message.success(shell.saved);
  };
  return (
    <section className="curriculum">
      <p className="soft">{text.curriculumHint}</p>
      <Refused failure={failure} />
      <div className="scroll-x">
        <table data-testid="curriculum">
          <thead>
            <tr>
              <th scope="col">{text.subjects}</th>
              {GRADES.map((grade) => (
                <th key={grade} scope="col">
                  {text.grades(grade)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...matrix].map(([name, byGrade]) => (
              <tr key={name}>
                <th scope="row">
                  <SubjectTag subject={name} />
                </th>
                {GRADES.map((grade) => (
                  <td key={grade}>
                    {mayChange ? (
                      <InputNumber
                        size="small"
                        min={0}
                        max={40}
                        controls={false}
                        value={byGrade.get(grade) ?? null}
                        aria-label={text.weeklyOf(subjectWord(name), grade)}
                        onChange={(value) => setMatrix(withPeriods(matrix, name, grade, value ?? 0))}
                      />
                    ) : (
                      (byGrade.get(grade) ?? '')
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{text.total}</th>
              {GRADES.map((grade) => (
                <td key={grade}>{sumOf(matrix, grade)}</td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
      {mayChange && (
        <div className="curriculum-foot">
          <SubjectField value={subject} onChange={setSubject} />
          <Button onClick={add} disabled={subject.trim() === ''}>
            {text.addSubject}
          </Button>
          <Button type="primary" loading={busy} onClick={() => void save()} data-testid="save-curriculum">
            {text.saveCurriculum}
          </Button>
        </div>
      )}
    </section>
  );
}
