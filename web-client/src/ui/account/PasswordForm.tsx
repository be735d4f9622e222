// Account and password.
import { Button, Form, Input } from 'antd';
import { county } from '../../protocol/county';
import type { SignInStep } from '../../protocol/types';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text as shell } from '../shell/words';
import { text } from './words';

interface Fields {
  login: string;
  password: string;
}

const needed = [{ required: true, message: shell.needed }];

export function PasswordForm({ entered }: { entered(step: SignInStep): void }) {
  const { busy, failure, act } = useAct();
  const enter = async ({ login, password }: Fields) => {
    const done = await act(() => county.signIn(login.trim(), password));
    if (done !== null) entered(done.step);
  };
  return (
    <Form<Fields> layout="vertical" requiredMark={false} onFinish={(fields) => void enter(fields)}>
      <Refused failure={failure} />
      <Form.Item name="login" label={text.login} rules={needed}>
        <Input size="large" autoFocus autoComplete="username" autoCapitalize="none" data-testid="login" />
      </Form.Item>
      <Form.Item name="password" label={text.password} rules={needed}>
        <Input.Password size="large" autoComplete="current-password" data-testid="password" />
      </Form.Item>
      <Button type="primary" size="large" block htmlType="submit" loading={busy} data-testid="enter">
        {text.enter}
      </Button>
    </Form>
  );
}
