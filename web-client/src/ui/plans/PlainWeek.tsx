// A week to look at: cards by day and period.
import { useState } from 'react';
import { weekdayWord } from '../../words/day';
import { subjectLook, subjectWord } from '../county/subjects';
import '../timetable/timetable.css';
import { text as timetable } from '../timetable/words';
import type { Card } from './draft_week';
import { text } from './words';

/** More cards in a cell are behind a press. */
const SHOWN_IN_CELL = 6;

/** How a card that differs is marked. */
type Difference = 'new' | 'gone';

export function PlainWeek({ cards, difference }: { cards: Card[]; difference: Difference }) {
  if (cards.length === 0) return <p className="soft">{text.nobodyHere}</p>;
  const weekdays = [...new Set([1, 2, 3, 4, 5, ...cards.map(({ weekday }) => weekday)])].sort(
    (a, b) => a - b,
  );
  const last = Math.max(...cards.map(({ period }) => period));
  return (
    <div className="week-scroll">
      <table className="week week-plain">
        <thead>
          <tr>
            <td />
            {weekdays.map((weekday) => (
              <th key={weekday} scope="col">
                {weekdayWord(weekday)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: last }, (_, at) => at + 1).map((period) => (
            <tr key={period}>
              <th scope="row">{text.period(period)}</th>
              {weekdays.map((weekday) => (
                <td key={weekday} className="cell">
                  <Cell
                    cards={cards.filter((card) => card.weekday === weekday && card.period === period)}
                    difference={difference}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ cards, difference }: { cards: Card[]; difference: Difference }) {
  const [all, setAll] = useState(false);
  // What differs is what one came to see.
  const sorted = [...cards].sort((a, b) => Number(b.differs) - Number(a.differs));
  const shown = all ? sorted : sorted.slice(0, SHOWN_IN_CELL);
  return (
    <>
      {shown.map((card) => (
        <PlainCard key={card.key} card={card} difference={difference} />
      ))}
      {cards.length > SHOWN_IN_CELL && (
        <button type="button" className="chip-more" onClick={() => setAll(!all)}>
          {all ? timetable.less : timetable.more(cards.length - SHOWN_IN_CELL)}
        </button>
      )}
    </>
  );
}

function PlainCard({ card, difference }: { card: Card; difference: Difference }) {
  const { ground, edge } = subjectLook(card.subject);
  const classes = ['chip', 'chip-plain'];
  if (card.differs) classes.push(difference === 'new' ? 'draft' : 'chip-cancelled');
  const to = card.classes.join('，');
  return (
    <div
      className={classes.join(' ')}
      style={{ backgroundColor: ground, borderColor: edge }}
      title={`${card.teacher} · ${card.org} → ${to}`}
    >
      <span className="chip-title">
        <strong>
          {subjectWord(card.subject)} {text.grade(card.grade)}
        </strong>
        {card.differs && difference === 'new' && <em>{text.fresh}</em>}
      </span>
      <span className="chip-who">
        {card.teacher} → {card.classes.length === 1 ? to : timetable.toClasses(card.classes.length)}
      </span>
    </div>
  );
}
