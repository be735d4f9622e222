// Somebody falls ill at 7:40, a capture room fails: who and when above, ways out below, one press takes one.
import { Button } from 'antd';
import { useEffect } from 'react';
import { county } from '../../protocol/county';
import type { Result } from '../../protocol/result';
import type { ClassroomView, OrgView, TeacherView, TermView } from '../../protocol/types';
import { shanghaiDay } from '../../words/day';
import { setTitle } from '../../words/title';
import '../county/county.css';
import { useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';
import { useSession } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate } from '../shell/states';
import { NoTerm } from '../terms/NoTerm';
import { askedTerm, weekOf } from '../terms/term';
import '../timetable/timetable.css';
import { AbsenceForm } from './AbsenceForm';
import { addressOf, areDays, readAbsence, requestOf } from './absence';
import { Proposals } from './Proposals';
import './repairs.css';
import { text } from './words';

export interface Ground {
  terms: TermView[];
  orgs: OrgView[];
  teachers: TeacherView[];
  classrooms: ClassroomView[];
}

async function askGround(): Promise<Result<Ground>> {
  const [terms, orgs, teachers, classrooms] = await Promise.all([
    county.terms.list(),
    county.orgs.list(),
    county.teachers.list(),
    county.classrooms.list(),
  ]);
  if (!terms.ok) return terms;
  if (!orgs.ok) return orgs;
  if (!teachers.ok) return teachers;
  if (!classrooms.ok) return classrooms;
  return {
    ok: true,
    value: {
      terms: terms.value,
      orgs: orgs.value,
      teachers: teachers.value,
      classrooms: classrooms.value,
    },
  };
}

export default function AbsentPage() {
  const { loaded, reload } = useLoaded(askGround);
  const { acts } = useSession('absent');
  const { query, set } = useQuery();
  useEffect(() => setTitle(text.title), []);
  if (loaded.kind === 'loading') return <Loading rows={6} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const today = shanghaiDay(Date.now());
  const { terms, teachers, classrooms } = loaded.value;
  const term = askedTerm(terms, query.get('term'), today);
  if (term === null) return <NoTerm>{text.noTermHint}</NoTerm>;
  const absence = readAbsence(query, today);
  const reason = absence.reason ?? text.reasons[absence.by];
  const request = requestOf(absence, reason);
  const all: { id: string; name: string }[] = absence.by === 'teacher' ? teachers : classrooms;
  const name = all.find(({ id }) => id === absence.id)?.name ?? '';
  return (
    <div className="absent">
      <div className="page-head">
        <h1>{text.title}</h1>
        <Button onClick={() => go(weekAddress(term, absence.by, absence.id, absence.from))}>
          {text.toWeek}
        </Button>
      </div>
      <p className="soft absent-lead">{text.lead}</p>
      {acts.length > 0 && !acts.includes('schedule') ? (
        <Plate title={text.mayNot}>{text.mayNotHint}</Plate>
      ) : (
        <>
          <AbsenceForm
            ground={loaded.value}
            absence={absence}
            reason={reason}
            change={(part) => set(addressOf(part), 'replace')}
          />
          {request === null ? (
            <Plate title={absence.id === null ? text.nobody : text.badDays}>
              {areDays(absence) && text.nobodyHint}
            </Plate>
          ) : (
            <Proposals
              key={`${term.id} ${JSON.stringify({ ...request, reason: '' })}`}
              term={term.id}
              request={request}
              name={`${name} ${text.days(absence.from, absence.to)} `}
              toWeek={() => go(weekAddress(term, absence.by, absence.id, absence.from))}
            />
          )}
        </>
      )}
    </div>
  );
}

function weekAddress(term: TermView, by: string, id: string | null, day: string): string {
  const whose = id === null ? '' : `&${by}=${encodeURIComponent(id)}`;
  return `/timetable?term=${encodeURIComponent(term.id)}&week=${weekOf(term, day)}${whose}`;
}
