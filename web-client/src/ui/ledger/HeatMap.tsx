// Places or classes down, subjects across.
import type { LedgerRow, LedgerView } from '../../protocol/types';
import { subjectWord } from '../county/subjects';
import { type HeatLine, heatOf, subjectsOf } from './heat';
import { text } from './words';

interface Props {
  view: LedgerView;
  lines: HeatLine[];
  openLine(line: HeatLine): void;
  openCell(line: HeatLine, subject: string): void;
}

export function HeatMap({ view, lines, openLine, openCell }: Props) {
  const subjects = subjectsOf(view.totals, view.rows);
  return (
    <>
      <p className="soft">{text.legend}</p>
      <div className="scroll-x">
        <table className="heat" data-testid="heat">
          <thead>
            <tr>
              <th scope="col">{text.place[view.org_kind]}</th>
              {subjects.map((subject) => (
                <th key={subject} scope="col">
                  {subjectWord(subject)}
                </th>
              ))}
              <th scope="col">{text.shortSoFar}</th>
              <th scope="col">{text.forecast}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.key}>
                <th scope="row">
                  {line.classId === null ? (
                    <button type="button" className="link-button" onClick={() => openLine(line)}>
                      {line.name}
                    </button>
                  ) : (
                    line.name
                  )}
                </th>
                {subjects.map((subject) => (
                  <Cell
                    key={subject}
                    row={line.bySubject.get(subject)}
                    open={() => openCell(line, subject)}
                  />
                ))}
                <td className="heat-sum">{line.short === 0 ? '0' : <b>{line.short}</b>}</td>
                <td className="heat-sum">{line.forecast === 0 ? '0' : <b>{line.forecast}</b>}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{text.total}</th>
              {subjects.map((subject) => {
                const total = view.totals.find((one) => one.subject === subject);
                return <td key={subject}>{total !== undefined && <Numbers row={total} />}</td>;
              })}
              <td className="heat-sum">{view.totals.reduce((sum, one) => sum + heatOf(one.sum).short, 0)}</td>
              <td className="heat-sum">{view.totals.reduce((sum, one) => sum + one.forecast_short, 0)}</td>
            </tr>
          </tfoot>
        </table>
      </div>
    </>
  );
}

function Cell({ row, open }: { row: LedgerRow | undefined; open(): void }) {
  if (row === undefined || heatOf(row.sum).level === 'off') {
    return (
      <td>
        <span className="heat-off">{text.off}</span>
      </td>
    );
  }
  const { level, taught, prescribed } = heatOf(row.sum);
  return (
    <td>
      <button
        type="button"
        className={`heat-cell heat-${level}`}
        onClick={open}
        aria-label={text.cellLabel(row.name, subjectWord(row.subject), taught, prescribed, wordOf(row))}
        data-level={level}
      >
        <Numbers row={row} />
      </button>
    </td>
  );
}

function wordOf(row: LedgerRow): string {
  const { level, short } = heatOf(row.sum);
  return level === 'near' || level === 'short' ? text.missing(short) : text.levels[level];
}

function Numbers({ row }: { row: LedgerRow }) {
  const { taught, prescribed } = heatOf(row.sum);
  return (
    <span className="heat-numbers">
      <b>
        {taught}/{prescribed}
      </b>
      <span>{wordOf(row)}</span>
      {row.sum.planned > 0 && <span>{text.planned(row.sum.planned)}</span>}
    </span>
  );
}
