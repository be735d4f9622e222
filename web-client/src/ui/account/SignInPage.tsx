// The way in: a password, a second factor where one is needed; an invitation sets the password first.
import { Alert, Button } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import { api } from '../../protocol/api';
import { county } from '../../protocol/county';
import type { Result } from '../../protocol/result';
import type { SessionView, SignInStep, SignInWays } from '../../protocol/types';
import { setTitle } from '../../words/title';
import { useLoaded } from '../shell/loaded';
import { firstPlaceFor } from '../shell/places';
import { go } from '../shell/router';
import { FailurePlate, Loading } from '../shell/states';
import { NewPasswordForm } from './NewPasswordForm';
import { PasswordForm } from './PasswordForm';
import { SecondFactor } from './SecondFactor';
import './account.css';
import { text } from './words';
import { YourAccount } from './YourAccount';

type Refusal = (typeof text.refused)[keyof typeof text.refused];

interface Door {
  session: SessionView;
  ways: SignInWays;
}

async function askDoor(): Promise<Result<Door>> {
  const [session, ways] = await Promise.all([api.session(), county.signInWays()]);
  if (!session.ok) return session;
  return ways.ok ? { ok: true, value: { session: session.value, ways: ways.value } } : ways;
}

/** The secret of an invitation's address, or null. */
export function invitationOf(secret: string | null): string | null {
  return /^invitation\.(.+)$/.exec(secret ?? '')?.[1] ?? null;
}

/** Why the provider's sign-in came to nothing, as its address says; null if it is about something else. */
export function refusalOf(secret: string | null): Refusal | null {
  const word = /^refused\.(\w+)$/.exec(secret ?? '')?.[1];
  if (word === undefined) return null;
  return Object.hasOwn(text.refused, word)
    ? text.refused[word as keyof typeof text.refused]
    : text.refused.provider;
}

export default function SignInPage({ secret }: { secret: string | null }) {
  const [invitation, setInvitation] = useState(() => invitationOf(secret));
  const [refusal, setRefusal] = useState(() => refusalOf(secret));
  const [isSet, setIsSet] = useState(false);
  const { loaded, reload } = useLoaded(askDoor);
  useEffect(() => {
    setTitle(text.signIn);
    // What was told leaves the address bar and the history; a second link in the same tab counts too.
    const [came, refused] = [invitationOf(secret), refusalOf(secret)];
    if (came === null && refused === null) return;
    if (came !== null) setInvitation(came);
    if (refused !== null) setRefusal(refused);
    go('/sign-in', 'replace');
  }, [secret]);
  const entered = useCallback(
    (step: SignInStep) => {
      if (step !== 'done') reload();
      else void toFirstPage();
    },
    [reload],
  );
  if (invitation !== null) {
    return (
      <Frame title={text.newPassword}>
        <NewPasswordForm
          invitation={invitation}
          done={() => {
            setInvitation(null);
            setIsSet(true);
            reload();
          }}
        />
      </Frame>
    );
  }
  if (loaded.kind === 'loading') return <Loading rows={3} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const { session, ways } = loaded.value;
  const { account } = session;
  if (account == null || isSet) {
    return (
      <Frame title={text.signIn}>
        {refusal !== null && (
          <Alert
            className="refused"
            type="warning"
            showIcon
            role="alert"
            title={refusal.title}
            description={refusal.hint}
            data-testid="provider-refused"
          />
        )}
        {isSet && <p role="status">{text.passwordSet}</p>}
        {session.role === 'admin' && <p className="soft">{text.adminNote}</p>}
        <PasswordForm
          entered={(step) => {
            setIsSet(false);
            entered(step);
          }}
        />
        {ways.provider != null && (
          <>
            <p className="door-or">{text.or}</p>
            <Button size="large" block href="/api/oidc/start" data-testid="provider">
              {text.by(ways.provider)}
            </Button>
          </>
        )}
        <p className="soft">{text.loginHint}</p>
      </Frame>
    );
  }
  if (account.step !== 'done') {
    return (
      <Frame title={account.step === 'second_factor' ? text.secondFactor : text.setUp}>
        <SecondFactor isNew={account.step === 'second_factor_setup'} entered={entered} />
        <Button
          type="link"
          onClick={async () => {
            await api.signOut();
            reload();
          }}
        >
          {text.otherAccount}
        </Button>
      </Frame>
    );
  }
  return <YourAccount account={account} session={session} changed={reload} />;
}

/** Where this person's work is. */
async function toFirstPage(): Promise<void> {
  const session = await api.session();
  const first = session.ok ? firstPlaceFor(session.value) : null;
  go(first?.to ?? '/', 'replace');
}

function Frame({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="door" data-testid="door">
      <h1>{title}</h1>
      {children}
    </section>
  );
}
