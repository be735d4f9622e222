// One resource: the player large, chapters beside it.
import { useCallback, useEffect, useState } from 'react';
import { api } from '../../protocol/api';
import type { Chapter } from '../../protocol/types';
import { clockLength, dayAndTime, minutes } from '../../words/format';
import { setTitle } from '../../words/title';
import { useLoaded } from '../shell/loaded';
import { go } from '../shell/router';
import { FailurePlate, Loading } from '../shell/states';
import { followChanges } from './changes';
import { JobBar } from './JobBar';
import './library.css';
import { Player } from './Player';
import { text } from './words';

/** The last chapter that has begun. */
function chapterAt(chapters: Chapter[], ms: number): number {
  return chapters.reduce((found, { at_ms }, index) => (at_ms <= ms + 500 ? index : found), -1);
}

export default function PlayerPage({ id }: { id: string }) {
  const ask = useCallback(() => api.resource(id), [id]);
  const { loaded, reload, replace } = useLoaded(ask);
  const [atMs, setAtMs] = useState(0);
  const [wanted, setWanted] = useState<{ ms: number } | null>(null);
  const waits = loaded.kind === 'ready' && loaded.value.playlist_url == null;
  const title = loaded.kind === 'ready' ? loaded.value.title : text.library;
  useEffect(() => {
    setTitle(title);
  }, [title]);
  useEffect(() => {
    if (!waits) return;
    return followChanges({
      changed: (changed) => changed.id === id && replace(() => changed),
      removed: (removed) => removed === id && go('/library', 'replace'),
      again: reload,
    });
  }, [waits, id, reload, replace]);

  const renew = async () => {
    const asked = await ask();
    return asked.ok ? (asked.value.playlist_url ?? null) : null;
  };
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const resource = loaded.value;
  const playing = chapterAt(resource.chapters, atMs);
  return (
    <article className="watching">
      <p>
        <a
          href="/library"
          onClick={(event) => {
            event.preventDefault();
            go('/library');
          }}
        >
          ← {text.back}
        </a>
      </p>
      <div className="page-head">
        <h1>{resource.title}</h1>
        <span className="soft">
          {dayAndTime(resource.recorded_at)}
          {resource.duration_ms != null && ` · ${minutes(resource.duration_ms)}`}
          {resource.gap_ms >= 1000 && ` · ${text.gap(Math.round(resource.gap_ms / 1000))}`}
        </span>
      </div>
      {resource.playlist_url == null ? (
        <section className="not-ready">
          <h2>{text.notReady}</h2>
          <JobBar resource={resource} changed={reload} />
        </section>
      ) : (
        <div className="watching-grid">
          <Player
            resource={resource}
            url={resource.playlist_url}
            at={setAtMs}
            wanted={wanted}
            renew={renew}
          />
          <nav className="chapters" aria-label={text.chapters}>
            <h2>{text.chapters}</h2>
            <ol>
              {resource.chapters.map(({ at_ms, title: name }, index) => (
                <li key={`${at_ms} ${name}`}>
                  <button
                    type="button"
                    aria-current={index === playing}
                    onClick={() => setWanted({ ms: at_ms })}
                    data-testid="chapter"
                  >
                    <time>{clockLength(at_ms)}</time> {name}
                  </button>
                </li>
              ))}
            </ol>
          </nav>
          <p className="soft keys">{text.keys}</p>
        </div>
      )}
    </article>
  );
}
