// Accounts of the caller's places, with their roles.
import { Button } from 'antd';
import { useEffect } from 'react';
import { county } from '../../protocol/county';
import type { AccountView, OrgView } from '../../protocol/types';
import { setTitle } from '../../words/title';
import '../county/county.css';
import { useThings } from '../county/things';
import { DeskTable, filtersOf, textColumn } from '../shell/DeskTable';
import { useLoaded } from '../shell/loaded';
import { useMay } from '../shell/role';
import { FailurePlate, Loading, Stale } from '../shell/states';
import { AccountForm } from './AccountForm';
import './account.css';
import { text } from './words';

const askOrgs = () => county.orgs.list();

export default function AccountsPage() {
  const { loaded, reload, editing, edit, busy, failure, save, remove } = useThings(county.accounts, null);
  const places = useLoaded(askOrgs).loaded;
  const mayChange = useMay('accounts', 'change_accounts');
  useEffect(() => setTitle(text.accounts), []);
  if (loaded.kind === 'loading' || places.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const orgs: OrgView[] = places.kind === 'ready' ? places.value : [];
  const place = (id: string) => orgs.find((org) => org.id === id)?.name ?? '';
  const roles = (row: AccountView) =>
    row.roles.map(({ role, org_id }) => `${text.roleNames[role]} ${place(org_id)}`.trim());
  return (
    <>
      <Stale since={loaded.staleSince} />
      <div className="page-head">
        <h1>{text.accounts}</h1>
      </div>
      <DeskTable<AccountView>
        name="accounts"
        rows={loaded.value}
        rowKey={(row) => row.id}
        said={(row) => `${row.login} ${row.name} ${place(row.org_id)} ${roles(row).join(' ')}`}
        open={edit}
        empty={text.none}
        actions={
          mayChange && (
            <Button type="primary" onClick={() => edit('new')} data-testid="new-account">
              {text.newAccount}
            </Button>
          )
        }
        columns={[
          textColumn('login', text.login, (row) => row.login),
          textColumn('name', text.name, (row) => row.name),
          {
            ...textColumn<AccountView>('place', text.place, (row) => place(row.org_id)),
            ...filtersOf(loaded.value, (row) => [place(row.org_id)]),
          },
          {
            key: 'roles',
            title: text.roles,
            ...filtersOf(loaded.value, (row) => row.roles.map(({ role }) => text.roleNames[role])),
            render: (_, row) => roles(row).join('；'),
          },
          {
            ...textColumn<AccountView>('factor', text.factor, (row) =>
              row.has_second_factor ? text.yes : text.no,
            ),
          },
          {
            ...textColumn<AccountView>('state', text.state, stateWords),
            ...filtersOf(loaded.value, (row) => [stateWords(row)]),
          },
        ]}
      />
      {editing !== null && (
        <AccountForm
          key={editing === 'new' ? 'new' : editing.id}
          account={editing === 'new' ? null : editing}
          orgs={orgs}
          busy={busy}
          failure={failure}
          isFixed={!mayChange}
          save={save}
          remove={remove}
          close={() => edit(null)}
          changed={reload}
        />
      )}
    </>
  );
}

function stateWords({ disabled_at, has_password, by_provider }: AccountView): string {
  if (disabled_at != null) return text.states.disabled;
  return has_password || by_provider ? text.states.active : text.states.invited;
}
