// Makes a lesson: a title is enough.
import { App, Checkbox, Collapse, Form, Input, Modal, Radio, Switch } from 'antd';
import { useState } from 'react';
import { api } from '../../protocol/api';
import type { VideoCodec } from '../../protocol/types';
import { useLoaded } from '../shell/loaded';
import { failureWords } from '../shell/states';
import { text } from './words';

/** As `MAX_TITLE_CHARS` of the server. */
const MAX_TITLE_CHARS = 120;

interface Fields {
  title: string;
  record: boolean;
  video_codec: VideoCodec;
  device_ids?: string[];
}

interface Props {
  open: boolean;
  close(): void;
  made(): void;
}

function Invite({ value, onChange }: { value?: string[]; onChange?: (ids: string[]) => void }) {
  const { loaded } = useLoaded(api.devices);
  if (loaded.kind !== 'ready' || loaded.value.length === 0) return null;
  return (
    <fieldset className="invite">
      <legend>{text.invite}</legend>
      <Checkbox.Group
        value={value ?? []}
        onChange={(ids) => onChange?.(ids)}
        options={loaded.value.map((device) => ({ value: device.id, label: device.name }))}
      />
    </fieldset>
  );
}

export function NewLesson({ open, close, made }: Props) {
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const [busy, setBusy] = useState(false);
  const create = async (fields: Fields) => {
    setBusy(true);
    const created = await api.createLesson({ ...fields, title: fields.title.trim() });
    setBusy(false);
    if (!created.ok) {
      void message.error(failureWords(created.failure));
      return;
    }
    form.resetFields();
    made();
  };
  return (
    <Modal
      open={open}
      title={text.newLesson}
      okText={text.create}
      cancelText={text.cancel}
      confirmLoading={busy}
      onOk={() => form.submit()}
      onCancel={close}
      okButtonProps={{ 'data-testid': 'create-lesson' }}
      destroyOnHidden
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ title: '', record: true, video_codec: 'h264' }}
        onFinish={create}
      >
        <Form.Item
          name="title"
          label={text.title}
          rules={[{ required: true, whitespace: true, message: text.titleNeeded }]}
        >
          <Input
            autoFocus
            size="large"
            maxLength={MAX_TITLE_CHARS}
            placeholder={text.titleExample}
            data-testid="lesson-title"
          />
        </Form.Item>
        <Form.Item name="record" valuePropName="checked" label={text.record}>
          <Switch data-testid="lesson-record" />
        </Form.Item>
        <Form.Item name="device_ids" noStyle>
          <Invite />
        </Form.Item>
        <Collapse
          ghost
          items={[
            {
              key: 'more',
              label: text.advanced,
              forceRender: true,
              children: (
                <Form.Item name="video_codec" label={text.codec}>
                  <Radio.Group
                    data-testid="lesson-codec"
                    options={[
                      { value: 'h264', label: text.codecH264 },
                      { value: 'vp8', label: text.codecVp8 },
                    ]}
                  />
                </Form.Item>
              ),
            },
          ]}
        />
      </Form>
    </Modal>
  );
}
