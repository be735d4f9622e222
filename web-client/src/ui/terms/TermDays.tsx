// Holidays and make-up days: put in as whole holidays, taken out one by one.
import { Button, Input, Select } from 'antd';
import { useState } from 'react';
import type { TermDay } from '../../protocol/types';
import { shortDay, weekdayOf, weekdayWord } from '../../words/day';
import { Field } from '../shell/Field';
import { text as shell } from '../shell/words';
import { withHoliday, withMakeUp } from './term';
import { text } from './words';

interface Props {
  value?: TermDay[];
  onChange?: (days: TermDay[]) => void;
  isFixed: boolean;
}

export function TermDays({ value = [], onChange, isFixed }: Props) {
  return (
    <div className="term-days">
      <ul>
        {value.map(({ day, kind, name, follows_weekday }) => (
          <li key={day}>
            <span>
              {shortDay(day)} {weekdayWord(weekdayOf(day))}
            </span>
            <b>{text[kind]}</b>
            <span>
              {name}
              {follows_weekday != null && ` · ${text.follows} ${weekdayWord(follows_weekday)}`}
            </span>
            {!isFixed && (
              <Button
                type="text"
                size="small"
                onClick={() => onChange?.(value.filter((one) => one.day !== day))}
              >
                {shell.remove}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {!isFixed && <AddDays days={value} change={(days) => onChange?.(days)} />}
    </div>
  );
}

function AddDays({ days, change }: { days: TermDay[]; change(days: TermDay[]): void }) {
  const [name, setName] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [weekday, setWeekday] = useState(1);
  return (
    <fieldset className="add-days">
      <legend>{text.addDays}</legend>
      <Field label={text.dayName}>
        {(id) => (
          <Input id={id} maxLength={32} value={name} onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <div className="fields-2">
        <Field label={text.fromDay}>
          {(id) => (
            <Input id={id} type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
          )}
        </Field>
        <Field label={text.toDay}>
          {(id) => <Input id={id} type="date" value={to} onChange={(event) => setTo(event.target.value)} />}
        </Field>
      </div>
      <div className="add-days-acts">
        <Button
          disabled={from === ''}
          onClick={() => change(withHoliday(days, from, to === '' ? from : to, name.trim()))}
        >
          {text.addHoliday}
        </Button>
        <span />
        <Select
          aria-label={text.follows}
          value={weekday}
          onChange={setWeekday}
          options={[1, 2, 3, 4, 5].map((one) => ({
            value: one,
            label: `${text.follows} ${weekdayWord(one)}`,
          }))}
        />
        <Button disabled={from === ''} onClick={() => change(withMakeUp(days, from, weekday, name.trim()))}>
          {text.addMakeUp}
        </Button>
      </div>
    </fieldset>
  );
}
