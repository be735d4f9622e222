// The one-time set-up link makes this browser the administrator's.
import { Button, Form, Input } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../../protocol/api';
import type { Failure } from '../../protocol/result';
import { words } from '../../words/language';
import { go } from '../shell/router';
import { failureWords, Loading, Plate } from '../shell/states';

const text = words(
  {
    title: '设置同堂',
    hint: '请粘贴服务器启动时显示的设置链接，或链接里 # 后面的部分。每个链接只能用一次。',
    field: '设置链接',
    enter: '成为管理员',
    again: '换一个链接',
    command: '在服务器上运行 tongtang setup-link 可以再看到链接。',
  },
  {
    title: 'Set up Tongtang',
    hint: 'Paste the set-up link the server showed when it started, or what stands after its #. A link works once.',
    field: 'Set-up link',
    enter: 'Become administrator',
    again: 'Use another link',
    command: 'Run tongtang setup-link on the server to see a link again.',
  },
);

/** The part after `#`, or all of it. */
function secretOf(pasted: string): string {
  return pasted.trim().replace(/^.*#/, '');
}

export function SetupPage({ secret }: { secret: string | null }) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(secret !== null);
  const used = useRef(false);
  const use = useCallback(async (value: string) => {
    setBusy(true);
    const done = await api.setUp(value);
    setBusy(false);
    // The secret leaves the address bar and the history.
    if (done.ok) go('/', 'replace');
    else setFailure(done.failure);
  }, []);
  useEffect(() => {
    if (secret === null || used.current) return;
    used.current = true;
    void use(secret);
  }, [secret, use]);

  if (failure !== null) {
    return (
      <Plate
        title={failureWords(failure)}
        testid="setup-failed"
        action={
          <Button
            type="primary"
            onClick={() => {
              setFailure(null);
              go('/setup', 'replace');
            }}
          >
            {text.again}
          </Button>
        }
      >
        {text.command}
      </Plate>
    );
  }
  if (busy) return <Loading rows={2} />;
  return (
    <Plate title={text.title} testid="setup">
      <p>{text.hint}</p>
      <Form
        onFinish={({ link }: { link: string }) => void use(secretOf(link))}
        layout="vertical"
        requiredMark={false}
      >
        <Form.Item name="link" label={text.field} rules={[{ required: true, message: text.hint }]}>
          <Input size="large" autoFocus autoComplete="off" data-testid="setup-link" />
        </Form.Item>
        <Button type="primary" size="large" htmlType="submit" data-testid="setup-enter">
          {text.enter}
        </Button>
      </Form>
    </Plate>
  );
}
