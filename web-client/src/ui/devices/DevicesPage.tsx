// Classroom screens of the caller's places: who is there, what is wrong, pairing, moving, revoking.
import { App, Button } from 'antd';
import { useEffect } from 'react';
import { api } from '../../protocol/api';
import { county } from '../../protocol/county';
import type { ScreenView } from '../../protocol/types';
import { setTitle } from '../../words/title';
import '../county/county.css';
import { DeskTable, filtersOf, textColumn } from '../shell/DeskTable';
import { useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';
import { useMay } from '../shell/role';
import { FailurePlate, Loading, Stale } from '../shell/states';
import './devices.css';
import { PairForm } from './PairForm';
import { ScreenForm } from './ScreenForm';
import { StandingMark, Troubles } from './StandingMark';
import { seenWords, standingOf, troubleWords } from './standing';
import { text } from './words';

/** Screens come and go by themselves. */
const REFRESH_MS = 5_000;

const askRooms = () => county.classrooms.list(null);
const askOrgs = () => county.orgs.list(null);

export default function DevicesPage() {
  const { loaded, reload } = useLoaded(api.devices);
  const rooms = useLoaded(askRooms).loaded;
  const orgs = useLoaded(askOrgs).loaded;
  const mayChange = useMay('devices', 'change_devices');
  const { query, set } = useQuery();
  const { message } = App.useApp();
  useEffect(() => {
    setTitle(text.title);
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), REFRESH_MS);
    document.addEventListener('visibilitychange', reload);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', reload);
    };
  }, [reload]);
  if (loaded.kind === 'loading' || rooms.kind === 'loading' || orgs.kind === 'loading')
    return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const rows = loaded.value;
  const places = {
    rooms: rooms.kind === 'ready' ? rooms.value : [],
    orgs: orgs.kind === 'ready' ? orgs.value : [],
  };
  const asked = query.get('edit');
  const edited = rows.find(({ id }) => id === asked);
  const close = () => set({ edit: null });
  const done = () => {
    close();
    reload();
  };
  const now = Date.now();
  const school = (row: ScreenView) => row.org_name ?? '—';
  return (
    <>
      <Stale since={loaded.staleSince} />
      <div className="page-head">
        <h1>{text.title}</h1>
        {rows.length > 0 && (
          <span className="soft" role="status" data-testid="screens-count">
            {text.count(rows.length, rows.filter(({ troubles }) => troubles.length > 0).length)}
          </span>
        )}
      </div>
      <DeskTable<ScreenView>
        name="screens"
        rows={rows}
        rowKey={(row) => row.id}
        said={(row) => [row.name, school(row), row.classroom_name ?? '', ...troubleWords(row)].join(' ')}
        open={(row) => set({ edit: row.id })}
        empty={text.none}
        actions={
          mayChange && (
            <Button type="primary" onClick={() => set({ edit: 'new' })} data-testid="pair-screen">
              {text.pair}
            </Button>
          )
        }
        columns={[
          textColumn('name', text.name, (row) => row.name),
          {
            ...textColumn<ScreenView>('state', text.state, (row) => text.standing[standingOf(row)]),
            ...filtersOf(rows, (row) => [text.standing[standingOf(row)]]),
            render: (_, row) => (
              <>
                <StandingMark standing={standingOf(row)} />
                <div className="troubles-narrow">
                  <Troubles screen={row} />
                </div>
              </>
            ),
          },
          {
            ...textColumn<ScreenView>('troubles', text.troubles, (row) => troubleWords(row).join(' ')),
            ...filtersOf(rows, troubleWords),
            render: (_, row) => <Troubles screen={row} />,
            // On a phone they stand below the state.
            responsive: ['md'],
          },
          {
            ...textColumn<ScreenView>('school', text.school, school),
            ...filtersOf(rows, (row) => [school(row)]),
          },
          textColumn('classroom', text.classroom, (row) => row.classroom_name ?? '—'),
          {
            key: 'seen',
            title: text.seen,
            sorter: (a, b) =>
              Number(a.is_online) - Number(b.is_online) || (a.last_seen_at ?? 0) - (b.last_seen_at ?? 0),
            render: (_, row) => seenWords(row, now),
          },
        ]}
      />
      {asked === 'new' && mayChange && (
        <PairForm
          places={places}
          close={close}
          done={(screen) => {
            void message.success(text.paired(screen.name));
            done();
          }}
        />
      )}
      {edited !== undefined && (
        <ScreenForm
          key={edited.id}
          screen={edited}
          places={places}
          isFixed={!mayChange}
          close={close}
          done={done}
        />
      )}
    </>
  );
}
