// Ways out, those that change least first; what is taken is one change that can be undone.
import { Button } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import { county, TIMETABLE_EVENTS } from '../../protocol/county';
import type { ChangedView, ChangeView, RepairProposal, RepairRequest } from '../../protocol/types';
import { useAct } from '../shell/act';
import { follow } from '../shell/follow';
import { useLoaded } from '../shell/loaded';
import { Refused } from '../shell/Refused';
import { FailurePlate, Plate, Stale } from '../shell/states';
import { UndoBar } from '../timetable/UndoBar';
import { readEvent } from '../timetable/week';
import { text } from './words';

interface Props {
  term: string;
  request: RepairRequest;
  /** Who, and when. */
  name: string;
  toWeek(): void;
}

/** Many changes at once are one question. */
const ASK_AFTER_MS = 300;

export function Proposals({ term, request, name, toWeek }: Props) {
  // The reason is only said with the change; other ways out are not to be looked for because of it.
  const { reason = '', ...asked } = request;
  const key = JSON.stringify(asked);
  const { loaded, reload } = useLoaded(
    useCallback(() => county.repairs(term, JSON.parse(key) as RepairRequest), [term, key]),
  );
  const [done, setDone] = useState<ChangeView | null>(null);
  const { busy, failure, act } = useAct();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        reload();
      }, ASK_AFTER_MS);
    };
    const stop = follow(TIMETABLE_EVENTS, {
      events: {
        changed: (data) => {
          if (readEvent(data)?.term_id === term) soon();
        },
        missed: soon,
      },
      again: soon,
    });
    return () => {
      if (timer !== null) clearTimeout(timer);
      stop();
    };
  }, [term, reload]);
  const take = async (proposal: RepairProposal) => {
    const changes = proposal.changes.map(({ lesson_id, change }) => ({
      lesson_id,
      change: withReason(change, reason),
    }));
    const changed = await act(() => county.together(term, { changes, reason }));
    if (changed !== null) setDone(changed.change);
    reload();
  };
  const undone = ({ change }: ChangedView) => {
    setDone(change);
    reload();
  };
  const bar = done !== null && (
    <UndoBar key={done.id} change={done} undone={undone} close={() => setDone(null)} />
  );
  if (loaded.kind === 'loading') {
    return (
      <p className="absent-looking" role="status" data-testid="looking">
        {text.looking}
      </p>
    );
  }
  // The term is the county's: who schedules for a school alone is answered as if it were not there.
  if (loaded.kind === 'failed' && loaded.failure.kind === 'refused' && loaded.failure.problem.status === 404)
    return <Plate title={text.mayNot}>{text.mayNotHint}</Plate>;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const ways = loaded.value;
  if (ways.length === 0) {
    const isTaken = done !== null && done.kind === 'repair';
    return (
      <>
        <Plate
          title={isTaken ? text.taken : text.none(name)}
          testid={isTaken ? 'repaired' : 'nothing-to-repair'}
          action={
            <Button type={isTaken ? 'primary' : 'default'} size="large" onClick={toWeek}>
              {text.toWeek}
            </Button>
          }
        >
          {isTaken ? text.takenHint : text.noneHint}
        </Plate>
        {bar}
      </>
    );
  }
  return (
    <>
      <Stale since={loaded.staleSince} />
      <Refused failure={failure} />
      <h2 className="ways-head" role="status">
        {name}· {text.found(ways.length)}
      </h2>
      {ways.every(({ kept }) => kept === 0) && <p className="stale">{text.onlyOff}</p>}
      <ol className="ways" data-testid="ways">
        {ways.map((way, at) => (
          <Way
            key={way.words}
            way={way}
            isFirst={at === 0 && ways.length > 1}
            busy={busy}
            take={() => void take(way)}
          />
        ))}
      </ol>
      {bar}
    </>
  );
}

function withReason(change: RepairProposal['changes'][number]['change'], reason: string) {
  return change.do === 'restore' ? change : { ...change, reason };
}

function Way({
  way,
  isFirst,
  busy,
  take,
}: {
  way: RepairProposal;
  isFirst: boolean;
  busy: boolean;
  take(): void;
}) {
  return (
    <li className={isFirst ? 'way way-first' : 'way'} data-testid="way">
      <div className="way-head">
        <h3>{way.words}</h3>
        <span className={way.lost === 0 ? 'way-kept' : 'way-lost'}>
          {way.lost === 0 ? text.keepsAll : text.loses(way.lost)}
        </span>
        {isFirst && <span className="way-kept">{text.first}</span>}
        <Button
          type={isFirst ? 'primary' : 'default'}
          size="large"
          loading={busy}
          onClick={take}
          aria-label={`${text.take}: ${way.words}`}
          data-testid="take"
        >
          {text.take}
        </Button>
      </div>
      <div className="way-parts">
        <section>
          <h4>{text.what}</h4>
          <ul>
            {way.changes.map(({ lesson_id, words }) => (
              <li key={lesson_id}>{words}</li>
            ))}
          </ul>
        </section>
        <section>
          <h4>{text.whom}</h4>
          <ul>
            {way.concerned.map(({ name, words }) => (
              <li key={name}>
                <b>{name}</b> <span className="soft">{words}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </li>
  );
}
