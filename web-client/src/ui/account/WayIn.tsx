// How the account's person gets in: a link to set a password, a cleared second factor for a lost phone.
import { Button, Popconfirm } from 'antd';
import { useState } from 'react';
import { county } from '../../protocol/county';
import type { AccountView, Invitation } from '../../protocol/types';
import { shanghaiTime } from '../../words/day';
import { CopyText } from '../home/CopyText';
import '../home/home.css';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text as shell } from '../shell/words';
import { text } from './words';

export function WayIn({ account, changed }: { account: AccountView; changed(): void }) {
  const { busy, failure, act } = useAct();
  const [made, setMade] = useState<Invitation | null>(null);
  const clear = async () => {
    if ((await act(() => county.clearSecondFactor(account.id))) !== null) changed();
  };
  return (
    <section className="way-in">
      <Refused failure={failure} />
      <div>
        <Button
          type="primary"
          ghost
          loading={busy}
          onClick={async () => setMade(await act(() => county.invite(account.id)))}
          data-testid="invite"
        >
          {text.invite}
        </Button>
        {account.has_second_factor && (
          <Popconfirm
            title={text.clearFactorTitle}
            description={text.clearFactorHint}
            okText={text.clearFactor}
            cancelText={shell.cancel}
            onConfirm={() => void clear()}
          >
            <Button>{text.clearFactor}</Button>
          </Popconfirm>
        )}
        {account.by_provider && <span className="soft">{text.provider}</span>}
      </div>
      {made !== null && (
        <>
          <CopyText value={made.url} label={text.invite} testid="invitation" />
          <p className="soft">{text.inviteHint(shanghaiTime(made.expires_at))}</p>
        </>
      )}
    </section>
  );
}
