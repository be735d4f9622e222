// Pairing: the six digits on the screen, where it stands, what it is called.
import { Form, Input } from 'antd';
import { useRef } from 'react';
import { api } from '../../protocol/api';
import type { ScreenView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { EditDrawer } from '../shell/EditDrawer';
import { text as shell } from '../shell/words';
import { PlaceFields, type PlaceFieldsValue, type Places, schoolsOf } from './PlaceFields';
import { digitsOf } from './standing';
import { text } from './words';

const DIGITS = 6;

/** As the server takes it. */
export const MAX_NAME_CHARS = 60;

interface Fields extends PlaceFieldsValue {
  code: string;
  name: string;
}

export function PairForm({
  places,
  close,
  done,
}: {
  places: Places;
  close(): void;
  done(screen: ScreenView): void;
}) {
  const [form] = Form.useForm<Fields>();
  const { busy, failure, act } = useAct();
  /** The name that was proposed, as long as nobody typed another. */
  const proposed = useRef('');
  const only = schoolsOf(places).only;
  const pair = async ({ code, classroom_id, name }: Fields) => {
    if (classroom_id === undefined) return;
    const screen = await act(() => api.claimScreen({ code: digitsOf(code), classroom_id, name }));
    if (screen !== null) done(screen);
  };
  return (
    <EditDrawer<Fields>
      title={text.pair}
      form={form}
      initial={{ code: '', name: '', ...(only === undefined ? {} : { org_id: only }) }}
      busy={busy}
      failure={failure}
      save={(fields) => void pair(fields)}
      saveWords={text.pairDo}
      close={close}
    >
      <Form.Item
        name="code"
        label={text.code}
        extra={
          <>
            {text.codeHint}
            <br />
            <b>{`${location.origin}/classroom`}</b>
          </>
        }
        rules={[
          {
            validator: (_, typed: string) =>
              digitsOf(typed).length === DIGITS
                ? Promise.resolve()
                : Promise.reject(new Error(text.codeRule)),
          },
        ]}
        validateTrigger="onBlur"
      >
        <Input
          className="screen-code-field"
          size="large"
          inputMode="numeric"
          autoComplete="off"
          maxLength={DIGITS + 3}
          autoFocus
          data-testid="pair-code"
        />
      </Form.Item>
      <PlaceFields
        places={places}
        chosen={(room) => {
          const name = form.getFieldValue('name') as string;
          if (name !== '' && name !== proposed.current) return;
          const school = places.orgs.find(({ id }) => id === room.org_id)?.name ?? '';
          proposed.current = `${school} ${room.name}`.trim().slice(0, MAX_NAME_CHARS);
          form.setFieldValue('name', proposed.current);
        }}
      />
      <Form.Item
        name="name"
        label={text.name}
        rules={[{ required: true, whitespace: true, message: shell.needed }]}
      >
        <Input maxLength={MAX_NAME_CHARS} autoComplete="off" data-testid="pair-name" />
      </Form.Item>
    </EditDrawer>
  );
}
