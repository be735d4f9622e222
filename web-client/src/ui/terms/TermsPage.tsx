// Terms with their weeks, holidays and make-up days; the bell times beside them.
import { Button, Tabs } from 'antd';
import { useEffect } from 'react';
import { county } from '../../protocol/county';
import type { OrgView, TermView } from '../../protocol/types';
import { shanghaiDay, shortDay } from '../../words/day';
import { setTitle } from '../../words/title';
import { BellsTab } from '../county/BellsTab';
import '../county/county.css';
import { useThings } from '../county/things';
import { firstPlace } from '../county/tree';
import { DeskTable, numberColumn, textColumn } from '../shell/DeskTable';
import { useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate } from '../shell/states';
import { TermForm } from './TermForm';
import './terms.css';
import { lastDay } from './term';
import { text } from './words';

const askOrgs = () => county.orgs.list();

export default function TermsPage() {
  const { loaded, reload } = useLoaded(askOrgs);
  const maySchedule = useMay('terms', 'schedule');
  const { query, set } = useQuery();
  useEffect(() => setTitle(text.title), []);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const orgs = loaded.value;
  const place = firstPlace(orgs);
  if (place === null) {
    return (
      <Plate
        title={text.noPlace}
        action={
          <Button type="primary" size="large" onClick={() => go('/county')}>
            {text.toCounty}
          </Button>
        }
      />
    );
  }
  const tab = query.get('tab') === 'bells' ? 'bells' : 'terms';
  return (
    <>
      <div className="page-head">
        <h1>{text.title}</h1>
        <Button onClick={() => go('/timetable')}>{text.toWeek}</Button>
      </div>
      <Tabs
        activeKey={tab}
        onChange={(to) => set({ tab: to, edit: null, q: null })}
        items={(['terms', 'bells'] as const).map((key) => ({ key, label: text[key] }))}
      />
      {tab === 'terms' ? (
        <Terms orgs={orgs} place={place} />
      ) : (
        <BellsTab org={place} orgs={orgs} mayChange={maySchedule} followed={reload} />
      )}
    </>
  );
}

function Terms({ orgs, place }: { orgs: OrgView[]; place: OrgView }) {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(county.terms, null);
  const mayChange = useMay('terms', 'schedule');
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const today = shanghaiDay(Date.now());
  const count = (term: TermView, kind: 'holiday' | 'make_up') =>
    term.days.filter((day) => day.kind === kind).length;
  return (
    <>
      <DeskTable<TermView>
        name="terms"
        rows={loaded.value}
        rowKey={(row) => row.id}
        said={(row) => row.name}
        open={edit}
        empty={text.none}
        actions={
          mayChange && (
            <Button type="primary" onClick={() => edit('new')} data-testid="new-term">
              {text.newTerm}
            </Button>
          )
        }
        columns={[
          {
            ...textColumn<TermView>('name', text.name, (row) => row.name),
            render: (_, row) => (
              <>
                <strong>{row.name}</strong>
                {row.first_day <= today && today <= lastDay(row) && (
                  <span className="present-term">{text.present}</span>
                )}
              </>
            ),
          },
          textColumn('place', text.place, (row) => orgs.find(({ id }) => id === row.org_id)?.name ?? ''),
          {
            ...textColumn<TermView>('first', text.firstDay, (row) => row.first_day),
            render: (_, row) => `${row.first_day.slice(0, 4)} ${shortDay(row.first_day)}`,
          },
          {
            ...textColumn<TermView>('last', text.lastDay, lastDay),
            render: (_, row) => `${lastDay(row).slice(0, 4)} ${shortDay(lastDay(row))}`,
          },
          numberColumn('weeks', text.weeks, (row) => row.weeks),
          numberColumn('holidays', text.holiday, (row) => count(row, 'holiday'), text.holidays),
          numberColumn('makeups', text.makeUps, (row) => count(row, 'make_up'), text.holidays),
        ]}
      />
      {editing !== null && (
        <TermForm
          key={editing === 'new' ? 'new' : editing.id}
          term={editing === 'new' ? null : editing}
          place={place}
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
