// After each change: what was done, and the way back. It stays until the next change or until it is put away.
import { Button } from 'antd';
import { county } from '../../protocol/county';
import type { ChangedView, ChangeView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text as shell } from '../shell/words';
import { text } from './words';

interface Props {
  change: ChangeView;
  undone(changed: ChangedView): void;
  close(): void;
}

export function UndoBar({ change, undone, close }: Props) {
  const { busy, failure, act } = useAct();
  const undo = async () => {
    const changed = await act(() => county.undo(change.id));
    if (changed !== null) undone(changed);
  };
  const isBack = change.kind === 'undo';
  return (
    <section className="undo-bar" data-testid="undo-bar">
      <Refused failure={failure} />
      <div>
        <p role="status">{change.words === '' && isBack ? text.undone : change.words}</p>
        {!isBack && (
          <Button type="primary" loading={busy} onClick={() => void undo()} data-testid="undo">
            {text.undo}
          </Button>
        )}
        <Button type="text" onClick={close}>
          {shell.close}
        </Button>
      </div>
    </section>
  );
}
