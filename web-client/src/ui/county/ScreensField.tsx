// The screens that stand in a classroom. Each choice is carried out at once: a screen is a thing of its own.
import { Select } from 'antd';
import { api } from '../../protocol/api';
import type { ClassroomView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { Field } from '../shell/Field';
import { useLoaded } from '../shell/loaded';
import { SEARCHED } from '../shell/pick';
import { Refused } from '../shell/Refused';
import { useMay } from '../shell/role';
import { text } from './words';

export function ScreensField({ room, changed }: { room: ClassroomView; changed(): void }) {
  const { loaded } = useLoaded(api.devices);
  const { busy, failure, act } = useAct();
  const mayPlace = useMay('county', 'change_devices');
  if (loaded.kind !== 'ready' || !mayPlace) return null;
  const place = async (chosen: string[]) => {
    const come = chosen.filter((id) => !room.device_ids.includes(id));
    const gone = room.device_ids.filter((id) => !chosen.includes(id));
    for (const id of come) await act(() => api.placeDevice(id, room.id));
    for (const id of gone) await act(() => api.placeDevice(id, null));
    changed();
  };
  return (
    <Field label={text.screens}>
      {(id) => (
        <>
          <Select
            id={id}
            mode="multiple"
            showSearch={SEARCHED}
            options={loaded.value.map((screen) => ({ value: screen.id, label: screen.name }))}
            value={room.device_ids}
            loading={busy}
            disabled={busy}
            placeholder={text.noScreens}
            onChange={(chosen) => void place(chosen)}
            data-testid="screens"
          />
          <p className="soft">{text.screensHint}</p>
          <Refused failure={failure} />
        </>
      )}
    </Field>
  );
}
