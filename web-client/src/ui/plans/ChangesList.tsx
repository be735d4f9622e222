// What publishing changes, for whom.
import type { DraftChange } from '../../protocol/types';
import { DeskTable, textColumn } from '../shell/DeskTable';
import { Plate } from '../shell/states';
import { text } from './words';

export function ChangesList({ changes }: { changes: DraftChange[] }) {
  if (changes.length === 0) return <Plate title={text.noChanges} />;
  return (
    <DeskTable<DraftChange>
      name="draft-changes"
      rows={changes}
      rowKey={({ name, words }) => `${name} ${words}`}
      said={({ name, words }) => `${name} ${words}`}
      empty={text.noChanges}
      columns={[
        textColumn('who', text.who, ({ name }) => name),
        textColumn('what', text.what, ({ words }) => words),
      ]}
    />
  );
}
