// When a class or a teacher is taken: a week of periods to press.
import { Input, Segmented } from 'antd';
import { useState } from 'react';
import type { Busy, Parity } from '../../protocol/types';
import { weekdayWord } from '../../words/day';
import { pressed } from './busy';
import { text } from './words';

const WEEKDAYS = [1, 2, 3, 4, 5];
const MIN_PERIODS = 8;

interface Props {
  value?: Busy[];
  onChange?: (busy: Busy[]) => void;
  disabled?: boolean;
}

export function BusyGrid({ value = [], onChange, disabled = false }: Props) {
  const [what, setWhat] = useState<string>(text.busyDefault);
  const [parity, setParity] = useState<Parity>('every');
  const periods = Math.max(MIN_PERIODS, ...value.map((busy) => busy.period));
  return (
    <div className="busy">
      {!disabled && (
        <>
          <p className="soft">{text.busyHint}</p>
          <div className="busy-tools">
            <Input
              value={what}
              maxLength={32}
              aria-label={text.busyWhat}
              onChange={(event) => setWhat(event.target.value)}
            />
            <Segmented<Parity>
              value={parity}
              onChange={setParity}
              options={(['every', 'odd', 'even'] as const).map((one) => ({
                value: one,
                label: text.parity[one],
              }))}
            />
          </div>
        </>
      )}
      <table>
        <thead>
          <tr>
            <td />
            {WEEKDAYS.map((weekday) => (
              <th key={weekday} scope="col">
                {weekdayWord(weekday)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: periods }, (_, at) => at + 1).map((period) => (
            <tr key={period}>
              <th scope="row">{text.period(period)}</th>
              {WEEKDAYS.map((weekday) => {
                const here = value.filter((busy) => busy.weekday === weekday && busy.period === period);
                const words = here
                  .map((busy) =>
                    busy.parity === 'every' ? busy.what : `${busy.what}（${text.parity[busy.parity]}）`,
                  )
                  .join(' ');
                return (
                  <td key={weekday}>
                    <button
                      type="button"
                      disabled={disabled}
                      aria-pressed={here.length > 0}
                      aria-label={`${weekdayWord(weekday)} ${text.period(period)} ${words}`}
                      onClick={() =>
                        onChange?.(pressed(value, { weekday, period, parity, what: what.trim() }))
                      }
                    >
                      {words}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
