// Whoever is signed in: their roles, a way on, their password and second factor.
import { Button, Collapse } from 'antd';
import { useState } from 'react';
import type { SessionAccount, SessionView } from '../../protocol/types';
import { firstPlaceFor } from '../shell/places';
import { go } from '../shell/router';
import { NewPasswordForm } from './NewPasswordForm';
import { SecondFactor } from './SecondFactor';
import { text } from './words';

interface Props {
  account: SessionAccount;
  session: SessionView;
  changed(): void;
}

export function YourAccount({ account, session, changed }: Props) {
  const [isAdding, setIsAdding] = useState(false);
  const first = firstPlaceFor(session);
  return (
    <section className="door" data-testid="your-account">
      <h1>{text.hello(account.name)}</h1>
      <h2>{text.youMay}</h2>
      {account.roles.length === 0 ? (
        <p>{text.noRoles}</p>
      ) : (
        <ul className="your-roles">
          {account.roles.map(({ role, org_id, org_name }) => (
            <li key={`${role} ${org_id}`}>
              <b>{text.roleNames[role]}</b> {org_name} <span className="soft">{text.roleHints[role]}</span>
            </li>
          ))}
        </ul>
      )}
      {first !== null && (
        <Button type="primary" size="large" block onClick={() => go(first.to)}>
          {text.goOn}：{first.words}
        </Button>
      )}
      <p>
        {account.has_second_factor ? (
          text.hasFactor
        ) : (
          <>
            {text.noFactor}{' '}
            <Button type="link" onClick={() => setIsAdding(true)}>
              {text.addFactor}
            </Button>
          </>
        )}
      </p>
      {isAdding && !account.has_second_factor && <SecondFactor isNew entered={changed} />}
      <Collapse
        ghost
        items={[
          { key: 'password', label: text.changePassword, children: <NewPasswordForm done={changed} /> },
        ]}
      />
    </section>
  );
}
