// Which master teacher is paired with which classes, when they meet, and whether it is kept.
import { Button, Drawer, Select } from 'antd';
import { useCallback, useEffect } from 'react';
import { county } from '../../protocol/county';
import type { PairedClass, PairingView, TermView } from '../../protocol/types';
import { shanghaiDay } from '../../words/day';
import { setTitle } from '../../words/title';
import '../county/county.css';
import { listed } from '../../words/format';
import { SubjectTag } from '../county/SubjectTag';
import { subjectWord } from '../county/subjects';
import { DeskTable, filtersOf, textColumn } from '../shell/DeskTable';
import { useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { NoTerm } from '../terms/NoTerm';
import { askedTerm } from '../terms/term';
import '../timetable/timetable.css';
import { concernsOf, keptOf, missedOf } from './kept';
import './pairings.css';
import { text } from './words';

const askTerms = () => county.terms.list();

export default function PairingsPage() {
  const { loaded, reload } = useLoaded(askTerms);
  const { query } = useQuery();
  useEffect(() => setTitle(text.title), []);
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const terms = loaded.value;
  const term = askedTerm(terms, query.get('term'), shanghaiDay(Date.now()));
  if (term === null) return <NoTerm>{text.noTermHint}</NoTerm>;
  return <Pairings key={term.id} term={term} terms={terms} />;
}

function Pairings({ term, terms }: { term: TermView; terms: TermView[] }) {
  const { query, set } = useQuery();
  const { loaded, reload } = useLoaded(useCallback(() => county.pairings(term.id), [term.id]));
  const mayPlan = useMay('pairings', 'schedule');
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const all = loaded.value;
  const only = { teacher: query.get('teacher'), group: query.get('class') };
  const rows = all.filter((one) => concernsOf(one, only));
  const opened = all.find(({ id }) => id === query.get('pairing'));
  const isPart = only.teacher !== null || only.group !== null;
  return (
    <>
      <Stale since={loaded.staleSince} />
      <div className="page-head">
        <h1>{text.title}</h1>
        <div className="head-actions">
          {isPart && (
            <Button onClick={() => set({ teacher: null, class: null })} data-testid="all-pairings">
              {text.showAll}
            </Button>
          )}
          {terms.length > 1 && (
            <Select
              aria-label={text.term}
              value={term.id}
              onChange={(to) => set({ term: to, pairing: null })}
              options={terms.map(({ id, name }) => ({ value: id, label: name }))}
            />
          )}
        </div>
      </div>
      <p className="soft pairings-lead">{text.lead}</p>
      {all.length === 0 ? (
        <Plate
          title={text.none}
          testid="no-pairings"
          action={
            mayPlan && (
              <Button type="primary" size="large" onClick={() => go('/plans')}>
                {text.toPlans}
              </Button>
            )
          }
        >
          {text.noneHint}
        </Plate>
      ) : (
        <DeskTable<PairingView>
          name="pairings"
          rows={rows}
          rowKey={({ id }) => id}
          said={saidOf}
          open={({ id }) => set({ pairing: id })}
          empty={text.none}
          columns={columnsOf(rows)}
        />
      )}
      {opened !== undefined && <Opened pairing={opened} term={term} close={() => set({ pairing: null })} />}
    </>
  );
}

const saidOf = ({ subject, teacher_name, org_name, classroom_name, classes }: PairingView): string =>
  [
    subjectWord(subject),
    teacher_name,
    org_name,
    classroom_name,
    ...classes.flatMap((one) => [one.org_name, one.class_name]),
  ].join(' ');

const timesOf = ({ times }: PairingView): string =>
  times.length === 0
    ? text.noTimes
    : times.map(({ weekday, period }) => text.time(weekday, period)).join(listed);

function columnsOf(rows: PairingView[]) {
  return [
    {
      key: 'subject',
      title: text.subject,
      ...filtersOf(rows, (row) => [subjectWord(row.subject)]),
      sorter: (a: PairingView, b: PairingView) => a.subject.localeCompare(b.subject) || a.grade - b.grade,
      render: (_: unknown, row: PairingView) => (
        <SubjectTag subject={row.subject} more={text.grade(row.grade)} />
      ),
    },
    textColumn<PairingView>('teacher', text.teacher, ({ teacher_name }) => teacher_name),
    {
      ...textColumn<PairingView>('school', text.school, ({ org_name }) => org_name),
      ...filtersOf(rows, ({ org_name }) => [org_name]),
    },
    {
      key: 'classes',
      title: text.classes,
      ...filtersOf(rows, ({ classes }) => classes.map(({ org_name }) => org_name)),
      render: (_: unknown, { classes }: PairingView) => (
        <ul className="pairing-classes">
          {classes.map(({ class_id, org_name, class_name, missed }) => (
            <li key={class_id}>
              {org_name} {class_name}
              {missed > 0 && <em> {text.missed(missed)}</em>}
            </li>
          ))}
        </ul>
      ),
    },
    textColumn<PairingView>('times', text.times, timesOf),
    {
      key: 'kept',
      title: text.kept,
      filters: (['missed', 'kept', 'waiting'] as const).map((value) => ({ text: text.states[value], value })),
      onFilter: (value: unknown, row: PairingView) => keptOf(row) === value,
      sorter: (a: PairingView, b: PairingView) => missedOf(a) - missedOf(b),
      render: (_: unknown, row: PairingView) => <KeptWords pairing={row} />,
    },
  ];
}

export function KeptWords({ pairing }: { pairing: PairingView }) {
  const kept = keptOf(pairing);
  return (
    <span className="kept" data-kept={kept}>
      <b className={`kept-${kept}`}>
        {kept === 'missed' ? text.missed(missedOf(pairing)) : text.states[kept]}
      </b>
      <span className="soft">{text.counts(pairing.held, pairing.planned)}</span>
    </span>
  );
}

function Opened({ pairing, term, close }: { pairing: PairingView; term: TermView; close(): void }) {
  const { subject, grade, edition, teacher_id, teacher_name, org_name, classroom_name, classes } = pairing;
  const of = `?term=${encodeURIComponent(term.id)}`;
  return (
    <Drawer
      open
      title={`${teacher_name} · ${subjectWord(subject)} ${text.grade(grade)}`}
      size={560}
      onClose={close}
      data-testid="pairing"
    >
      <dl className="facts">
        <dt>{text.teacher}</dt>
        <dd>
          {teacher_name} · {org_name}
        </dd>
        <dt>{text.from}</dt>
        <dd>{classroom_name}</dd>
        <dt>{text.edition}</dt>
        <dd>{edition === '' ? text.anyEdition : edition}</dd>
        <dt>{text.times}</dt>
        <dd>{timesOf(pairing)}</dd>
        <dt>{text.kept}</dt>
        <dd>
          <KeptWords pairing={pairing} />
        </dd>
      </dl>
      <Button onClick={() => go(`/timetable${of}&teacher=${encodeURIComponent(teacher_id)}`)}>
        {text.teacherWeek}
      </Button>
      <h3 className="pairing-head">{text.perClass}</h3>
      <ul className="pairing-list">
        {classes.map((one) => (
          <ClassLine key={one.class_id} of={one} term={term.id} subject={subject} />
        ))}
      </ul>
    </Drawer>
  );
}

function ClassLine({ of, term, subject }: { of: PairedClass; term: string; subject: string }) {
  const { class_id, class_name, org_id, org_name, delivered, missed, planned } = of;
  const id = encodeURIComponent;
  return (
    <li>
      <div>
        <b>
          {org_name} {class_name}
        </b>
        <p className={missed > 0 ? 'kept-missed' : 'soft'}>{text.ofClass(delivered, missed, planned)}</p>
      </div>
      <Button type="link" onClick={() => go(`/timetable?term=${id(term)}&class=${id(class_id)}`)}>
        {text.classWeek}
      </Button>
      <Button
        type="link"
        onClick={() =>
          go(`/ledger?term=${id(term)}&org=${id(org_id)}&class=${id(class_id)}&subject=${id(subject)}`)
        }
      >
        {text.ledger}
      </Button>
    </li>
  );
}
