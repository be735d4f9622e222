// Sets a password: by an invitation, or one's own anew.
import { Button, Form, Input } from 'antd';
import { county } from '../../protocol/county';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text as shell } from '../shell/words';
import { text } from './words';

/** As the server's. */
const MIN_CHARS = 10;
const MAX_CHARS = 256;

interface Fields {
  current?: string;
  password: string;
  again: string;
}

interface Props {
  /** Absent: the present password is asked for. */
  invitation?: string;
  done(): void;
}

export function NewPasswordForm({ invitation, done }: Props) {
  const [form] = Form.useForm<Fields>();
  const { busy, failure, act } = useAct();
  const set = async ({ current, password }: Fields) => {
    const by = invitation === undefined ? { current: current ?? '' } : { invitation };
    if ((await act(() => county.setPassword({ ...by, password }))) !== null) done();
  };
  return (
    <Form<Fields> form={form} layout="vertical" requiredMark={false} onFinish={(fields) => void set(fields)}>
      <p className="soft">{text.newPasswordHint}</p>
      <Refused failure={failure} />
      {invitation === undefined && (
        <Form.Item
          name="current"
          label={text.currentPassword}
          rules={[{ required: true, message: shell.needed }]}
        >
          <Input.Password size="large" autoComplete="current-password" />
        </Form.Item>
      )}
      <Form.Item
        name="password"
        label={text.password}
        rules={[{ min: MIN_CHARS, required: true, message: text.tooShort }]}
      >
        <Input.Password
          size="large"
          maxLength={MAX_CHARS}
          autoComplete="new-password"
          data-testid="new-password"
        />
      </Form.Item>
      <Form.Item
        name="again"
        label={text.passwordAgain}
        dependencies={['password']}
        rules={[
          {
            validator: (_, value) =>
              value === form.getFieldValue('password')
                ? Promise.resolve()
                : Promise.reject(new Error(text.passwordsDiffer)),
          },
        ]}
      >
        <Input.Password size="large" maxLength={MAX_CHARS} autoComplete="new-password" data-testid="again" />
      </Form.Item>
      <Button type="primary" size="large" block htmlType="submit" loading={busy} data-testid="set-password">
        {text.setIt}
      </Button>
    </Form>
  );
}
