// One account: who it is, its roles and where they hold; its way in.
import { Button, Form, Input, Select, Switch } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { AccountInput, AccountRole, AccountView, OrgView } from '../../protocol/types';
import { EditDrawer } from '../shell/EditDrawer';
import { useLoaded } from '../shell/loaded';
import { choices, SEARCHED } from '../shell/pick';
import { text as shell } from '../shell/words';
import { WayIn } from './WayIn';
import { text } from './words';

const ROLES: AccountRole[] = [
  'administrator',
  'scheduler',
  'master_teacher',
  'assistant',
  'researcher',
  'it',
  'auditor',
];

interface Props {
  account: AccountView | null;
  orgs: OrgView[];
  busy: boolean;
  failure: Parameters<typeof EditDrawer>[0]['failure'];
  isFixed: boolean;
  save(input: AccountInput): void;
  remove: (() => void) | undefined;
  close(): void;
  changed(): void;
}

const needed = [{ required: true, message: shell.needed }];

export function AccountForm({ account, orgs, busy, failure, isFixed, save, remove, close, changed }: Props) {
  const [form] = Form.useForm<AccountInput>();
  const teachers = useLoaded(useCallback(() => county.teachers.list(), [])).loaded;
  const places = choices(
    orgs,
    ({ id }) => id,
    ({ name }) => name,
  );
  const initial: Partial<AccountInput> =
    account === null
      ? {
          roles: [],
          disabled: false,
          ...(places.length === 1 && places[0] !== undefined ? { org_id: places[0].value } : {}),
        }
      : {
          login: account.login,
          name: account.name,
          org_id: account.org_id,
          roles: account.roles,
          disabled: account.disabled_at != null,
          ...(account.person_id == null ? {} : { person_id: account.person_id }),
        };
  return (
    <EditDrawer<AccountInput>
      title={account?.name ?? text.newAccount}
      form={form}
      initial={initial}
      busy={busy}
      failure={failure}
      isFixed={isFixed}
      save={(fields) => save({ ...fields, person_id: fields.person_id ?? null })}
      remove={remove}
      close={close}
    >
      {account !== null && !isFixed && <WayIn account={account} changed={changed} />}
      <div className="fields-2">
        <Form.Item
          name="login"
          label={text.login}
          extra={text.loginRule}
          rules={[{ required: true, pattern: /^[a-z0-9._@-]{2,64}$/, message: text.loginRule }]}
        >
          <Input maxLength={64} autoCapitalize="none" autoComplete="off" data-testid="account-login" />
        </Form.Item>
        <Form.Item name="name" label={text.name} rules={needed}>
          <Input maxLength={64} autoComplete="off" data-testid="account-name" />
        </Form.Item>
      </div>
      <Form.Item name="org_id" label={text.place} rules={needed}>
        <Select showSearch={SEARCHED} options={places} data-testid="account-place" />
      </Form.Item>
      <Form.Item label={text.roles}>
        <Form.List name="roles">
          {(fields, { add, remove: take }) => (
            <>
              {fields.map((field) => (
                <div key={field.key} className="role-row">
                  <Form.Item name={[field.name, 'role']} noStyle rules={needed}>
                    <Select
                      aria-label={text.roles}
                      options={ROLES.map((role) => ({
                        value: role,
                        label: `${text.roleNames[role]} · ${text.roleHints[role]}`,
                      }))}
                    />
                  </Form.Item>
                  <Form.Item name={[field.name, 'org_id']} noStyle rules={needed}>
                    <Select
                      showSearch={SEARCHED}
                      aria-label={text.at}
                      placeholder={text.at}
                      options={places}
                    />
                  </Form.Item>
                  <Button type="text" onClick={() => take(field.name)}>
                    {shell.remove}
                  </Button>
                </div>
              ))}
              <Button
                onClick={() =>
                  add({
                    role: 'assistant',
                    ...(form.getFieldValue('org_id') === undefined
                      ? {}
                      : { org_id: String(form.getFieldValue('org_id')) }),
                  })
                }
                data-testid="add-role"
              >
                {text.addRole}
              </Button>
            </>
          )}
        </Form.List>
      </Form.Item>
      <Form.Item name="person_id" label={text.person} extra={text.personHint}>
        <Select
          allowClear
          showSearch={SEARCHED}
          placeholder={text.nobody}
          options={
            teachers.kind === 'ready'
              ? choices(
                  teachers.value,
                  ({ id }) => id,
                  ({ name, code }) => `${name} · ${code}`,
                )
              : []
          }
        />
      </Form.Item>
      {account !== null && (
        <Form.Item name="disabled" valuePropName="checked" label={text.disabled} extra={text.disabledHint}>
          <Switch />
        </Form.Item>
      )}
    </EditDrawer>
  );
}
