// Which pairing would give the class what it will lack: one it could join, or a new one.
import { Button } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { LedgerRemedy, LedgerRow } from '../../protocol/types';
import { listed } from '../../words/format';
import { useLoaded } from '../shell/loaded';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { Loading } from '../shell/states';
import { text } from './words';

interface Props {
  termId: string;
  classId: string;
  row: LedgerRow;
}

export function Remedies({ termId, classId, row: { subject } }: Props) {
  const { loaded } = useLoaded(
    useCallback(() => county.remedies(termId, classId, subject), [termId, classId, subject]),
  );
  const maySchedule = useMay('ledger', 'schedule');
  // Who reads a school alone is not told of other schools' teachers.
  if (loaded.kind === 'failed') return null;
  if (loaded.kind === 'loading') return <Loading rows={2} />;
  const { remedies, short } = loaded.value;
  return (
    <section className="remedies" data-testid="remedies">
      <h3>{text.remedies}</h3>
      {remedies.length === 0 ? (
        <p className="soft">{text.noRemedy}</p>
      ) : (
        <ol>
          {remedies.map((remedy) => (
            <li key={remedy.pairing_id ?? `${remedy.teacher_id} ${remedy.classroom_id}`}>
              <div>
                <p>
                  <b>
                    {remedy.pairing_id == null
                      ? text.pairAnew(remedy.org_name, remedy.teacher_name)
                      : text.join(remedy.org_name, remedy.teacher_name, remedy.classes)}
                  </b>
                </p>
                <p className="soft">
                  {remedy.times.map(({ weekday, period }) => text.time(weekday, period)).join(listed)} ·{' '}
                  {remedy.classroom_name}
                </p>
                <p className={remedy.gives >= short ? 'remedy-full' : undefined}>
                  {remedy.gives >= short ? text.mendsAll(short) : text.mendsSome(remedy.gives, short)}
                </p>
              </div>
              <Button type="link" onClick={() => go(addressOf(remedy))}>
                {remedy.pairing_id == null ? text.teacherWeek : text.seePairing}
              </Button>
            </li>
          ))}
        </ol>
      )}
      {remedies.length > 0 && maySchedule && <p className="soft">{text.remedyHint}</p>}
    </section>
  );

  function addressOf(remedy: LedgerRemedy): string {
    const id = encodeURIComponent;
    return remedy.pairing_id == null
      ? `/timetable?term=${id(termId)}&teacher=${id(remedy.teacher_id)}`
      : `/pairings?term=${id(termId)}&pairing=${id(remedy.pairing_id)}`;
  }
}
