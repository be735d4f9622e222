// The shelf of recorded lessons.
import { Input } from 'antd';
import { useEffect, useState } from 'react';
import { api } from '../../protocol/api';
import { setTitle } from '../../words/title';
import { useLoaded } from '../shell/loaded';
import { useRole } from '../shell/role';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { followChanges } from './changes';
import './library.css';
import { ResourceCard } from './ResourceCard';
import { found, withChange } from './shelf';
import { text } from './words';

export function LibraryPage() {
  const { loaded, reload, replace } = useLoaded(api.library);
  const role = useRole('library');
  const [looked, setLooked] = useState('');
  const [brokeAt, setBrokeAt] = useState<number | null>(null);
  const ready = loaded.kind === 'ready';
  useEffect(() => {
    setTitle(text.library);
    if (!ready) return;
    return followChanges({
      changed: (resource) => replace((shelf) => withChange(shelf, resource)),
      removed: (id) => replace((shelf) => shelf.filter((one) => one.id !== id)),
      again: reload,
      heard: (well) => setBrokeAt((before) => (well ? null : (before ?? Date.now()))),
    });
  }, [ready, reload, replace]);

  if (loaded.kind === 'loading') return <Loading rows={6} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  if (loaded.value.length === 0) {
    return (
      <Plate title={text.emptyTitle} testid="library-empty">
        {text.emptyHint}
      </Plate>
    );
  }
  const shown = found(loaded.value, looked);
  return (
    <>
      <Stale since={loaded.staleSince ?? brokeAt} />
      <div className="page-head">
        <h1>{text.library}</h1>
        <Input.Search
          className="look"
          allowClear
          placeholder={text.search}
          aria-label={text.search}
          value={looked}
          onChange={(event) => setLooked(event.target.value)}
        />
      </div>
      {shown.length === 0 && <Plate title={text.nothingFound(looked)} />}
      <ul className="shelf" data-testid="shelf">
        {shown.map((resource) => (
          <ResourceCard key={resource.id} resource={resource} mayRemove={role === 'admin'} changed={reload} />
        ))}
      </ul>
    </>
  );
}
