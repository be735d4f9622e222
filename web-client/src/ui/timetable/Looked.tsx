// What the server says of what is filled in, before it is carried out.
import { Alert } from 'antd';
import type { Checked } from './check';
import { text } from './words';

export function Looked({ checked }: { checked: Checked }) {
  return (
    <div role="status" data-testid="looked" data-kind={checked.kind}>
      {checked.kind === 'asking' && <p className="soft">{text.asking}</p>}
      {checked.kind === 'fits' && <Alert type="success" showIcon title={text.fits} />}
      {checked.kind === 'refused' && (
        <Alert
          type="warning"
          showIcon
          title={text.doesNotFit}
          description={
            <ul className="conflicts">
              {checked.words.map((words) => (
                <li key={words}>{words}</li>
              ))}
            </ul>
          }
        />
      )}
    </div>
  );
}
