// A resource on the shelf: poster, title, day, minutes; or the work that still makes it.
import { App, Button, Dropdown } from 'antd';
import { api } from '../../protocol/api';
import type { ResourceView } from '../../protocol/types';
import { clockLength, dayAndTime } from '../../words/format';
import { go } from '../shell/router';
import { failureWords } from '../shell/states';
import { JobBar } from './JobBar';
import { text } from './words';

interface Props {
  resource: ResourceView;
  /** The server lets only the administrator remove resources. */
  mayRemove: boolean;
  changed(): void;
}

export function ResourceCard({ resource, mayRemove, changed }: Props) {
  const { modal, message } = App.useApp();
  const ready = resource.playlist_url != null;
  const address = `/library/${resource.id}`;
  const remove = () =>
    void modal.confirm({
      title: text.removeTitle(resource.title),
      content: text.removeHint,
      okText: text.remove,
      okButtonProps: { danger: true },
      onOk: async () => {
        const removed = await api.removeResource(resource.id);
        if (!removed.ok) void message.error(failureWords(removed.failure));
        changed();
      },
    });
  const poster = (
    <span className="poster">
      {resource.poster_url != null && <img src={resource.poster_url} alt="" loading="lazy" />}
      {resource.duration_ms != null && <span className="length">{clockLength(resource.duration_ms)}</span>}
    </span>
  );
  return (
    <li
      className="resource"
      data-testid="resource"
      data-resource={resource.id}
      data-state={resource.job.state}
    >
      {ready ? (
        <a
          href={address}
          data-testid="watch"
          aria-label={resource.title}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            go(address);
          }}
        >
          {poster}
        </a>
      ) : (
        poster
      )}
      <div className="resource-words">
        <h2>{ready ? <a href={address}>{resource.title}</a> : resource.title}</h2>
        {mayRemove && (
          <Dropdown
            trigger={['click']}
            menu={{ items: [{ key: 'remove', danger: true, label: text.remove, onClick: remove }] }}
          >
            <Button type="text" aria-label={`${resource.title}: ${text.more}`}>
              ⋯
            </Button>
          </Dropdown>
        )}
        <p className="soft">
          {dayAndTime(resource.recorded_at)}
          {resource.gap_ms >= 1000 && ` · ${text.gap(Math.round(resource.gap_ms / 1000))}`}
        </p>
      </div>
      {resource.job.state !== 'done' && <JobBar resource={resource} changed={changed} />}
    </li>
  );
}
