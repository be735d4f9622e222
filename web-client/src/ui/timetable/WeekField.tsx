// Which week: before, after, this one, or any of the term.
import { Button, Select } from 'antd';
import type { TermView } from '../../protocol/types';
import { plusDays } from '../../words/day';
import { mondayOf, weekOf } from '../terms/term';
import { text } from './words';

interface Props {
  term: TermView;
  week: number;
  today: string;
  choose(week: number): void;
}

export function WeekField({ term, week, today, choose }: Props) {
  const weeks = Array.from({ length: term.weeks }, (_, at) => at + 1);
  const present = weekOf(term, today);
  return (
    <div className="which-week">
      <Button
        onClick={() => choose(week - 1)}
        disabled={week <= 1}
        aria-label={text.before}
        data-testid="week-before"
      >
        ←
      </Button>
      <Select
        value={week}
        onChange={choose}
        aria-label={text.weekField}
        options={weeks.map((one) => {
          const monday = mondayOf(term, one);
          return { value: one, label: text.weekLabel(one, monday, plusDays(monday, 6)) };
        })}
        data-testid="week-field"
      />
      <Button
        onClick={() => choose(week + 1)}
        disabled={week >= term.weeks}
        aria-label={text.after}
        data-testid="week-after"
      >
        →
      </Button>
      {present !== week && <Button onClick={() => choose(present)}>{text.thisWeek}</Button>}
    </div>
  );
}
