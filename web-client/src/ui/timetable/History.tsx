// What was changed in a term, by whom, when; each can be undone.
import { Button, Drawer } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { ChangedView } from '../../protocol/types';
import { shanghaiTime } from '../../words/day';
import { useAct } from '../shell/act';
import { useLoaded } from '../shell/loaded';
import { Refused } from '../shell/Refused';
import { FailurePlate, Loading, Plate } from '../shell/states';
import { text } from './words';

interface Props {
  term: string;
  mayChange: boolean;
  close(): void;
  undone(changed: ChangedView): void;
}

export function History({ term, mayChange, close, undone }: Props) {
  const { loaded, reload } = useLoaded(useCallback(() => county.changes(term), [term]));
  const { busy, failure, act } = useAct();
  const undo = async (change: string) => {
    const changed = await act(() => county.undo(change));
    if (changed === null) return;
    undone(changed);
    reload();
  };
  return (
    <Drawer open title={text.history} size={560} onClose={close} data-testid="history">
      <Refused failure={failure} />
      {loaded.kind === 'loading' && <Loading />}
      {loaded.kind === 'failed' && <FailurePlate failure={loaded.failure} retry={reload} />}
      {loaded.kind === 'ready' && loaded.value.length === 0 && <Plate title={text.historyEmpty} />}
      {loaded.kind === 'ready' && (
        <ol className="history">
          {loaded.value.map((change) => (
            <li key={change.id} className={change.undone_at == null ? undefined : 'is-undone'}>
              <div>
                <p>{change.words}</p>
                {change.reason !== '' && <p className="soft">{change.reason}</p>}
                <p className="soft">{text.by_(change.by_name, shanghaiTime(change.at))}</p>
              </div>
              {change.undone_at != null ? (
                <em>{text.undoneSince}</em>
              ) : (
                mayChange &&
                change.kind !== 'undo' && (
                  <Button loading={busy} onClick={() => void undo(change.id)}>
                    {text.undo}
                  </Button>
                )
              )}
            </li>
          ))}
        </ol>
      )}
    </Drawer>
  );
}
