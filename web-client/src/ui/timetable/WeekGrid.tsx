// The week: rows periods, columns days. A lesson is moved by dragging or by keys; what is in its way is shown before it is let go.
import { type KeyboardEvent, useState } from 'react';
import type { TimetableLessonView } from '../../protocol/types';
import { shortDay, weekdayOf, weekdayWord } from '../../words/day';
import { type Checked, useCheck } from './check';
import { type Column, cellKey, type Row } from './grid';
import { LessonChip } from './LessonChip';
import { keyMove, type Spot, sameSpot } from './moving';
import { text } from './words';

/** As soon as a cell has so many lessons, every lesson of the week is one line. */
const SHORT_FROM = 4;
/** And more than these are behind a press. */
const SHOWN_IN_CELL = 8;

interface Props {
  columns: Column[];
  rows: Row[];
  cells: ReadonlyMap<string, TimetableLessonView[]>;
  today: string;
  mayMove: boolean;
  periodOf(lesson: TimetableLessonView): number;
  /** The master school's period that a row means for this lesson. */
  masterOf(lesson: TimetableLessonView, period: number): number;
  open(lesson: TimetableLessonView): void;
  move(lesson: TimetableLessonView, day: string, period: number): void;
  /** Why nothing was moved; nothing, once another is picked up. */
  refused(words: string[]): void;
}

interface Moving {
  lesson: TimetableLessonView;
  from: Spot;
  at: Spot;
  how: 'pointer' | 'keys';
}

export function WeekGrid({
  columns,
  rows,
  cells,
  today,
  mayMove,
  periodOf,
  masterOf,
  open,
  move,
  refused,
}: Props) {
  const [moving, setMoving] = useState<Moving | null>(null);
  const [wide, setWide] = useState<ReadonlySet<string>>(new Set());
  const away = moving !== null && !sameSpot(moving.from, moving.at);
  const checked = useCheck(
    away ? moving.lesson.id : null,
    away
      ? {
          do: 'move',
          day: moving.at.day,
          period: masterOf(moving.lesson, moving.at.period),
          reason: '',
          version: moving.lesson.version,
        }
      : null,
  );
  const isShort = [...cells.values()].some((cell) => cell.length >= SHORT_FROM);
  const inTheWay = checked.kind === 'refused' ? checked.lessons : [];

  const pick = (lesson: TimetableLessonView, how: Moving['how']) => {
    const from = { day: lesson.day, period: periodOf(lesson) };
    refused([]);
    setMoving({ lesson, from, at: from, how });
  };
  const drop = () => {
    if (moving === null || !away) return setMoving(null);
    // What is known not to fit stays in the hand, so that another place can be chosen.
    if (checked.kind === 'refused') {
      refused(checked.words);
      if (moving.how === 'keys') return;
    } else move(moving.lesson, moving.at.day, masterOf(moving.lesson, moving.at.period));
    setMoving(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (moving === null || moving.how !== 'keys') return;
    const meant = keyMove(event.key, moving.at, columns, rows);
    if (meant.kind === 'stay') return;
    event.preventDefault();
    event.stopPropagation();
    if (meant.kind === 'to') setMoving({ ...moving, at: meant.spot });
    else if (meant.kind === 'drop') drop();
    else setMoving(null);
  };
  const over = (spot: Spot) => {
    if (moving !== null && !sameSpot(moving.at, spot)) setMoving({ ...moving, at: spot });
  };

  return (
    <div className="week-scroll" onKeyDownCapture={onKeyDown}>
      <p className="only-heard" role="status" aria-live="assertive">
        {moving !== null && moving.how === 'keys' && heard(moving, away, checked)}
      </p>
      <table className={moving === null ? 'week' : 'week week-moving'} data-testid="week">
        <thead>
          <tr>
            <td />
            {columns.map((column) => (
              <Head key={column.day} column={column} isToday={column.day === today} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.period}>
              <RowHead row={row} />
              {columns.map(({ day, holiday }) => {
                const spot = { day, period: row.period };
                const key = cellKey(day, row.period);
                const here = cells.get(key) ?? [];
                const shown = wide.has(key) ? here : here.slice(0, SHOWN_IN_CELL);
                const target = away && sameSpot(moving.at, spot);
                return (
                  <td
                    key={day}
                    className={cellClass(holiday, target ? checked : null)}
                    onDragEnter={() => over(spot)}
                    onDragOver={(event) => {
                      if (moving === null || holiday !== null) return;
                      event.preventDefault();
                      over(spot);
                    }}
                    onDrop={(event) => {
                      event.preventDefault();
                      drop();
                    }}
                    data-cell={key}
                  >
                    {shown.map((lesson) => (
                      <LessonChip
                        key={lesson.id}
                        lesson={lesson}
                        isShort={isShort}
                        mayMove={mayMove}
                        isPicked={moving?.lesson.id === lesson.id}
                        isInTheWay={inTheWay.includes(lesson.id)}
                        open={() => open(lesson)}
                        pick={(how) => pick(lesson, how)}
                        put={() => setMoving(null)}
                      />
                    ))}
                    {here.length > SHOWN_IN_CELL && (
                      <button
                        type="button"
                        className="chip-more"
                        onClick={() => setWide((before) => toggled(before, key))}
                      >
                        {wide.has(key) ? text.less : text.more(here.length - SHOWN_IN_CELL)}
                      </button>
                    )}
                    {target && <Verdict checked={checked} />}
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

function toggled(all: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const now = new Set(all);
  if (!now.delete(key)) now.add(key);
  return now;
}

function cellClass(holiday: string | null, checked: Checked | null): string {
  const classes = ['cell'];
  if (holiday !== null) classes.push('cell-holiday');
  if (checked !== null) classes.push('cell-target', `cell-${checked.kind}`);
  return classes.join(' ');
}

function heard({ lesson, at }: Moving, away: boolean, checked: Checked): string {
  if (!away) return text.picked(lesson.title);
  const spot = text.spot(weekdayOf(at.day), at.period);
  if (checked.kind === 'asking') return spot;
  if (checked.kind === 'refused') return `${spot} ${text.doesNotFit} ${checked.words.join(' ')}`;
  return `${spot} ${text.fits}`;
}

function Head({ column, isToday }: { column: Column; isToday: boolean }) {
  const { day, weekday, holiday, follows } = column;
  return (
    <th scope="col" className={isToday ? 'is-today' : undefined} aria-current={isToday ? 'date' : undefined}>
      <b>{weekdayWord(weekday)}</b> <span>{shortDay(day)}</span>
      {isToday && <em>{text.today}</em>}
      {holiday !== null && <em>{text.holiday(holiday)}</em>}
      {follows !== null && <em>{text.makeUp(follows)}</em>}
    </th>
  );
}

function RowHead({ row: { period, starts, ends } }: { row: Row }) {
  return (
    <th scope="row">
      <b>{text.period(period)}</b>
      {starts !== null && ends !== null && (
        <span>
          {text.span(starts.from, starts.to)}
          <br />
          {text.span(ends.from, ends.to)}
        </span>
      )}
    </th>
  );
}

function Verdict({ checked }: { checked: Checked }) {
  if (checked.kind === 'none') return null;
  if (checked.kind === 'asking') return <p className="verdict">{text.asking}</p>;
  if (checked.kind === 'fits') return <p className="verdict verdict-fits">✓ {text.fits}</p>;
  return (
    <div className="verdict verdict-refused" data-testid="verdict">
      ✕ {text.doesNotFit}
      <ul>
        {checked.words.slice(0, 3).map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
    </div>
  );
}
