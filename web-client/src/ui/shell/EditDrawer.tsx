// A form beside what it changes: opened by an address, closed by Esc, its refusal above the fields.
import { Button, Drawer, Form, type FormInstance, Popconfirm } from 'antd';
import type { ReactNode } from 'react';
import type { Failure } from '../../protocol/result';
import { Refused } from './Refused';
import { text } from './words';

interface Props<Fields> {
  title: string;
  form: FormInstance<Fields>;
  initial: Partial<Fields>;
  busy: boolean;
  failure: Failure | null;
  save(fields: Fields): void;
  close(): void;
  /** Absent: it cannot be removed here. */
  remove?: (() => void) | undefined;
  /** What removing is called; absent: to delete. */
  removeWords?: { press: string; title: string; hint: string } | undefined;
  /** What the press is called; absent: to save. */
  saveWords?: string | undefined;
  /** Is it only looked at? */
  isFixed?: boolean;
  children: ReactNode;
}

export function EditDrawer<Fields extends object>({
  title,
  form,
  initial,
  busy,
  failure,
  save,
  close,
  remove,
  removeWords = { press: text.remove, title: text.removeTitle(title), hint: text.removeHint },
  saveWords = text.save,
  isFixed = false,
  children,
}: Props<Fields>) {
  return (
    <Drawer
      open
      title={title}
      size={560}
      onClose={close}
      data-testid="drawer"
      footer={
        isFixed ? null : (
          <div className="drawer-foot">
            {remove !== undefined && (
              <Popconfirm
                title={removeWords.title}
                description={removeWords.hint}
                okText={removeWords.press}
                okButtonProps={{ danger: true }}
                cancelText={text.cancel}
                onConfirm={remove}
              >
                <Button danger type="text" data-testid="remove">
                  {removeWords.press}
                </Button>
              </Popconfirm>
            )}
            <span />
            <Button onClick={close}>{text.cancel}</Button>
            <Button type="primary" loading={busy} onClick={() => form.submit()} data-testid="save">
              {saveWords}
            </Button>
          </div>
        )
      }
    >
      <Refused failure={failure} />
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        disabled={isFixed}
        initialValues={initial}
        onFinish={save}
      >
        {children}
        <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
      </Form>
    </Drawer>
  );
}
