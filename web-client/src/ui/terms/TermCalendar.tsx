// The weeks of a term at a glance: each day with its shape and, where it is unlike others, its word.
import type { TermDay } from '../../protocol/types';
import { plusDays, shortDay, weekdayWord } from '../../words/day';
import { text } from './words';

interface Props {
  first: string;
  weeks: number;
  days: TermDay[];
}

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];

export function TermCalendar({ first, weeks, days }: Props) {
  const byDay = new Map(days.map((day) => [day.day, day]));
  return (
    <div className="scroll-x">
      <table className="term-calendar">
        <caption className="only-heard">{text.calendar}</caption>
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
          {Array.from({ length: weeks }, (_, at) => at + 1).map((week) => (
            <tr key={week}>
              <th scope="row">{text.week(week)}</th>
              {WEEKDAYS.map((weekday) => {
                const day = plusDays(first, (week - 1) * 7 + weekday - 1);
                const special = byDay.get(day);
                const kind = special?.kind ?? (weekday > 5 ? 'weekend' : 'plain');
                return (
                  <td key={weekday} className={`day-${kind}`}>
                    {shortDay(day)}
                    {special !== undefined && <b>{text[special.kind]}</b>}
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
