// Schools and people: the tree at the left, one place's tables at the right.
import { Button, Dropdown, Tabs } from 'antd';
import { useEffect } from 'react';
import { county, exportAddress } from '../../protocol/county';
import type { OrgView } from '../../protocol/types';
import { setTitle } from '../../words/title';
import { useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';
import { useMay } from '../shell/role';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { BellsTab } from './BellsTab';
import { ClassesTab } from './ClassesTab';
import { ClassroomsTab } from './ClassroomsTab';
import { CurriculumTab } from './CurriculumTab';
import './county.css';
import { ImportDrawer } from './ImportDrawer';
import { OrgForm, OrgsTab } from './OrgsTab';
import { PlaceTree } from './PlaceTree';
import { TeachersTab } from './TeachersTab';
import { useThings } from './things';
import { firstPlace, pathTo } from './tree';
import { type Tab, text } from './words';

const allBells = () => county.bells.list();

export default function CountyPage() {
  const { loaded, reload, editing, edit, busy, failure, save } = useThings(county.orgs, null);
  const bells = useLoaded(allBells).loaded;
  const mayChange = useMay('county', 'change_places');
  // Whoever only schedules imports timetables; the server looks at what the file holds.
  const maySchedule = useMay('county', 'schedule');
  const mayImport = mayChange || maySchedule;
  const { query, set } = useQuery();
  useEffect(() => setTitle(text.title), []);
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const orgs = loaded.value;
  const org = orgs.find(({ id }) => id === query.get('org')) ?? firstPlace(orgs);
  const knownBells = bells.kind === 'ready' ? bells.value : [];
  if (org === null) {
    return (
      <>
        <Empty mayChange={mayChange} make={() => edit('new')} />
        {editing === 'new' && (
          <OrgForm
            org={null}
            parent={null}
            orgs={orgs}
            bells={knownBells}
            busy={busy}
            failure={failure}
            save={save}
            close={() => edit(null)}
          />
        )}
      </>
    );
  }
  const choose = (id: string) => set({ org: id, edit: null, q: null });
  const tabs = tabsOf(org);
  const asked = query.get('tab') as Tab | null;
  const tab = asked !== null && tabs.includes(asked) ? asked : (tabs[0] ?? 'classes');
  const above = pathTo(orgs, org.id)
    .slice(0, -1)
    .map(({ name }) => name);
  const own = { org, orgs, mayChange };
  return (
    <div className="county">
      <PlaceTree orgs={orgs} chosen={org.id} choose={choose} />
      <section className="county-place">
        <Stale since={loaded.staleSince} />
        <div className="page-head">
          <div>
            {above.length > 0 && <p className="soft county-path">{above.join(' › ')}</p>}
            <h1>{org.name}</h1>
          </div>
          <div className="head-actions">
            {mayImport && (
              <Button onClick={() => set({ do: 'import' })} data-testid="import-open">
                {text.import}
              </Button>
            )}
            <Dropdown
              menu={{
                items: (['places', 'timetable'] as const).map((what) => ({
                  key: what,
                  label: (
                    <a href={exportAddress(org.id, what)} download>
                      {text.exports[what]}
                    </a>
                  ),
                })),
              }}
            >
              <Button data-testid="export-open">{text.export}</Button>
            </Dropdown>
          </div>
        </div>
        <Tabs
          activeKey={tab}
          onChange={(to) => set({ tab: to, edit: null, q: null })}
          items={tabs.map((key) => ({ key, label: text.tabs[key] }))}
        />
        {tab === 'orgs' && (
          <OrgsTab key={org.id} {...own} bells={knownBells} choose={choose} changed={reload} />
        )}
        {tab === 'classes' && <ClassesTab key={org.id} {...own} />}
        {tab === 'teachers' && <TeachersTab key={org.id} {...own} />}
        {tab === 'classrooms' && <ClassroomsTab key={org.id} {...own} />}
        {tab === 'bells' && (
          <BellsTab key={org.id} org={org} orgs={orgs} mayChange={maySchedule} followed={reload} />
        )}
        {tab === 'curriculum' && <CurriculumTab key={org.id} org={org} mayChange={mayChange} />}
        {query.get('do') === 'import' && mayImport && (
          <ImportDrawer
            org={org}
            mayChangePlaces={mayChange}
            close={() => set({ do: null })}
            imported={reload}
          />
        )}
      </section>
    </div>
  );
}

function tabsOf(org: OrgView): Tab[] {
  const below: Tab[] = ['classes', 'teachers', 'classrooms', 'bells'];
  return org.kind === 'school' ? below : ['orgs', ...below, 'curriculum'];
}

function Empty({ mayChange, make }: { mayChange: boolean; make(): void }) {
  if (!mayChange) return <Plate title={text.emptyTitle}>{text.emptyNoRight}</Plate>;
  return (
    <Plate
      title={text.emptyTitle}
      testid="county-empty"
      action={
        <Button type="primary" size="large" onClick={make} data-testid="first-place">
          {text.firstPlace}
        </Button>
      }
    >
      <p>{text.emptyHint}</p>
      <code>tongtang demo</code>
    </Plate>
  );
}
