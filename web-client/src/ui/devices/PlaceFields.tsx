// School and classroom of a screen: first the one, then a classroom of it.
import { Form, Select } from 'antd';
import type { ClassroomView, OrgView } from '../../protocol/types';
import { choices, SEARCHED } from '../shell/pick';
import { text as shell } from '../shell/words';
import { text } from './words';

export interface Places {
  rooms: ClassroomView[];
  orgs: OrgView[];
}

export interface PlaceFieldsValue {
  org_id?: string | undefined;
  classroom_id?: string | undefined;
}

/** Schools that a screen can stand in, and the only one if there is one. */
export function schoolsOf({ orgs }: Places) {
  const schools = choices(
    orgs.filter(({ kind }) => kind === 'school'),
    ({ id }) => id,
    ({ name }) => name,
  );
  return { schools, only: schools.length === 1 ? schools[0]?.value : undefined };
}

interface Props {
  places: Places;
  /** May a screen stand nowhere? */
  isOptional?: boolean;
  chosen?: ((room: ClassroomView) => void) | undefined;
}

export function PlaceFields({ places, isOptional = false, chosen }: Props) {
  const form = Form.useFormInstance<PlaceFieldsValue>();
  const org = Form.useWatch('org_id', form);
  const rooms = choices(
    places.rooms.filter(({ org_id }) => org_id === org),
    ({ id }) => id,
    ({ name }) => name,
  );
  const needed = [{ required: !isOptional, message: shell.needed }];
  return (
    <div className="fields-2">
      <Form.Item name="org_id" label={text.school} rules={needed}>
        <Select
          showSearch={SEARCHED}
          allowClear={isOptional}
          options={schoolsOf(places).schools}
          placeholder={shell.choose}
          onChange={() => form.setFieldValue('classroom_id', undefined)}
          data-testid="screen-school"
        />
      </Form.Item>
      <Form.Item
        name="classroom_id"
        label={text.classroom}
        rules={needed}
        extra={org !== undefined && rooms.length === 0 ? text.noClassroomsHere : undefined}
      >
        <Select
          showSearch={SEARCHED}
          allowClear={isOptional}
          options={rooms}
          placeholder={isOptional ? text.noClassroom : shell.choose}
          disabled={org === undefined}
          onChange={(id: string) => {
            const room = places.rooms.find((one) => one.id === id);
            if (room !== undefined) chosen?.(room);
          }}
          data-testid="screen-classroom"
        />
      </Form.Item>
    </div>
  );
}
