// The second factor: its code, or first its set-up with a picture for the authenticator.
import { Button, Form, Input, QRCode } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { SignInStep } from '../../protocol/types';
import { useAct } from '../shell/act';
import { useLoaded } from '../shell/loaded';
import { Refused } from '../shell/Refused';
import { FailurePlate, Loading } from '../shell/states';
import { text } from './words';

interface Props {
  isNew: boolean;
  entered(step: SignInStep): void;
}

/** RFC 6238 as authenticators do it. */
const DIGITS = 6;

export function SecondFactor({ isNew, entered }: Props) {
  return (
    <>
      {isNew ? <SetUp /> : <p className="soft">{text.secondFactorHint}</p>}
      <CodeForm entered={entered} />
    </>
  );
}

function CodeForm({ entered }: { entered(step: SignInStep): void }) {
  const { busy, failure, act } = useAct();
  const give = async (code: string) => {
    const done = await act(() => county.secondFactor(code));
    if (done !== null) entered(done.step);
  };
  return (
    <Form<{ code: string }>
      layout="vertical"
      requiredMark={false}
      onFinish={({ code }) => void give(code.replace(/\s/g, ''))}
    >
      <Refused failure={failure} />
      <Form.Item
        name="code"
        label={text.code}
        rules={[{ required: true, pattern: /^\s*\d{3}\s*\d{3}\s*$/, message: text.code }]}
      >
        <Input
          size="large"
          autoFocus
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={DIGITS + 1}
          className="code-field"
          data-testid="code"
        />
      </Form.Item>
      <Button type="primary" size="large" block htmlType="submit" loading={busy} data-testid="confirm-code">
        {text.confirm}
      </Button>
    </Form>
  );
}

/** A secret is made once: asking again would make another. */
function SetUp() {
  const { loaded, reload } = useLoaded(useCallback(() => county.secondFactorSetup(), []));
  if (loaded.kind === 'loading') return <Loading rows={4} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const { uri, secret } = loaded.value;
  return (
    <>
      <p className="soft">{text.setUpHint}</p>
      <ol className="set-up">
        {text.setUpSteps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <figure className="qr" aria-label={text.qr}>
        <QRCode value={uri} size={208} color="#000000" bgColor="#ffffff" bordered={false} type="svg" />
        <figcaption>
          {text.secret} <code data-testid="secret">{secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
        </figcaption>
      </figure>
    </>
  );
}
