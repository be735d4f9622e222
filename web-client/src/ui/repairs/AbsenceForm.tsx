// Who is not there, and when: everything stands in the address, so it can be sent to somebody.
import { Checkbox, Input, Segmented, Select } from 'antd';
import { Field } from '../shell/Field';
import { choices, SEARCHED } from '../shell/pick';
import type { Ground } from './AbsentPage';
import type { Absence, By } from './absence';
import { text } from './words';

interface Props {
  ground: Ground;
  absence: Absence;
  reason: string;
  change(part: Partial<Absence>): void;
}

/** Periods of a school day that are offered. */
const PERIODS = [1, 2, 3, 4, 5, 6, 7, 8];

export function AbsenceForm({ ground, absence, reason, change }: Props) {
  const { by, id, from, to, periods } = absence;
  const school = (org: string) => ground.orgs.find((one) => one.id === org)?.name ?? '';
  const said = ({ name, org_id }: { name: string; org_id: string }) => `${name} · ${school(org_id)}`;
  const options =
    by === 'teacher'
      ? choices(
          ground.teachers.filter((one) => one.max_delivered > 0 || one.id === id),
          (one) => one.id,
          said,
        )
      : choices(
          ground.classrooms.filter((one) => one.max_receivers > 0 || one.id === id),
          (one) => one.id,
          said,
        );
  return (
    <section className="absence" aria-label={text.title}>
      <div className="absence-who">
        <Segmented<By>
          value={by}
          onChange={(now) => change({ by: now, id: null })}
          options={(['teacher', 'classroom'] as const).map((one) => ({ value: one, label: text.by[one] }))}
        />
        <Select
          showSearch={SEARCHED}
          size="large"
          aria-label={text.choose[by]}
          placeholder={text.choose[by]}
          value={options.some(({ value }) => value === id) ? id : null}
          onChange={(now: string | null) => change({ by, id: now })}
          options={options}
          data-testid="absent-who"
        />
      </div>
      <div className="absence-when">
        <Field label={text.from}>
          {(field) => (
            <Input
              id={field}
              type="date"
              value={from}
              onChange={({ target: { value } }) =>
                value !== '' && change({ from: value, to: from === to || value > to ? value : to })
              }
              data-testid="absent-from"
            />
          )}
        </Field>
        <Field label={text.to}>
          {(field) => (
            <Input
              id={field}
              type="date"
              min={from}
              value={to}
              onChange={({ target: { value } }) => value !== '' && change({ to: value })}
              data-testid="absent-to"
            />
          )}
        </Field>
        <Field label={text.reason}>
          {(field) => (
            <Input
              id={field}
              maxLength={200}
              value={reason}
              onChange={({ target: { value } }) => change({ reason: value })}
            />
          )}
        </Field>
      </div>
      <fieldset className="absence-periods">
        <legend>{text.periods}</legend>
        <Checkbox.Group
          value={periods}
          onChange={(now) => change({ periods: now.map(Number).sort((a, b) => a - b) })}
          options={PERIODS.map((value) => ({ value, label: text.period(value) }))}
        />
      </fieldset>
    </section>
  );
}
