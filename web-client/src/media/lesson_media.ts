// The media of one lesson: follows the session's grant while the participant's place is this page's, keeps both links
// up, refreshes the token in time.
import type { Source } from '../protocol/types';
import type { Session } from '../session/session';
import { hasMedia } from '../session/state';
import type { Layers } from './encodings';
import { type LinkState, MediaLink } from './link';
import { Publisher } from './publisher';
import { Subscriber } from './subscriber';

/** A fresh token is asked for this long before the old one expires. */
const REFRESH_BEFORE_MS = 60_000;

/** Not more often than this, whatever the clocks say. */
const REFRESH_AT_MOST_EVERY_MS = 5_000;

export interface MediaState {
  publish: LinkState;
  subscribe: LinkState;
  /** Grows when a slot has another track. */
  tracksVersion: number;
}

export class LessonMedia {
  readonly publisher: Publisher;
  readonly subscriber: Subscriber;
  private present: MediaState = {
    publish: { kind: 'idle' },
    subscribe: { kind: 'idle' },
    tracksVersion: 0,
  };
  private readonly publishLink: MediaLink;
  private readonly subscribeLink: MediaLink;
  private listeners = new Set<() => void>();
  private refreshTimer: ReturnType<typeof setTimeout> | null = null;
  private token = '';
  private lastRefreshMs = 0;
  private closed = false;
  private readonly unsubscribe: () => void;
  private readonly onNetwork = () => this.networkChanged();

  constructor(
    private readonly session: Session,
    sources: readonly Source[],
    layers: Layers,
  ) {
    this.publisher = new Publisher(sources, layers);
    this.subscriber = new Subscriber(() =>
      this.change({ ...this.present, tracksVersion: this.present.tracksVersion + 1 }),
    );
    const needToken = () => this.refreshSoon(0);
    this.publishLink = new MediaLink({
      build: (peer) => this.publisher.build(peer),
      answered: () => this.publisher.answered(),
      needToken,
      changed: (publish) => this.change({ ...this.present, publish }),
    });
    this.subscribeLink = new MediaLink({
      build: (peer) => this.subscriber.build(peer),
      answered: (peer) => this.subscriber.answered(peer),
      needToken,
      changed: (subscribe) => this.change({ ...this.present, subscribe }),
    });
    this.unsubscribe = session.subscribe(() => this.follow());
    window.addEventListener('online', this.onNetwork);
    connection()?.addEventListener('change', this.onNetwork);
    this.follow();
  }

  readonly getState = (): MediaState => this.present;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Leaves the media for good. */
  close(): void {
    this.closed = true;
    this.unsubscribe();
    window.removeEventListener('online', this.onNetwork);
    connection()?.removeEventListener('change', this.onNetwork);
    this.refreshNoMore();
    this.publishLink.use(null);
    this.subscribeLink.use(null);
  }

  async stats(): Promise<{ publish: RTCStats[]; subscribe: RTCStats[] }> {
    const of = async (link: MediaLink): Promise<RTCStats[]> => {
      const report = await link.peer?.getStats();
      return report === undefined ? [] : [...report.values()];
    };
    return { publish: await of(this.publishLink), subscribe: await of(this.subscribeLink) };
  }

  private follow(): void {
    const { lesson, media } = this.session.getState();
    if (!this.mayConnect()) {
      this.refreshNoMore();
      this.publishLink.use(null);
      this.subscribeLink.use(null);
      if (this.subscriber.slots.length > 0) {
        this.subscriber.slots = [];
        this.subscriber.forget();
      }
      return;
    }
    // No grant while no sfu is up: what still stands is kept, and a grant follows.
    if (media === null || lesson === null) return;
    this.publisher.codec = lesson.video_codec;
    this.subscriber.codec = lesson.video_codec;
    this.subscriber.slots = media.slots;
    const { token, epoch } = media;
    this.publishLink.use(media.whip_url == null ? null : { url: media.whip_url, token, epoch });
    this.subscribeLink.use({ url: media.whep_url, token, epoch });
    if (token !== this.token) {
      this.token = token;
      this.refreshSoon(media.expires_at - this.session.serverNow() - REFRESH_BEFORE_MS);
    }
  }

  private mayConnect(): boolean {
    const { connection: signaling, lesson, place } = this.session.getState();
    if (this.closed || signaling.kind === 'refused' || signaling.kind === 'stopped') return false;
    return place === 'ours' && hasMedia(lesson);
  }

  private refreshNoMore(): void {
    if (this.refreshTimer !== null) clearTimeout(this.refreshTimer);
    this.refreshTimer = null;
    // The next lesson's first token sets the next time, also if it is the same token.
    this.token = '';
  }

  private refreshSoon(inMs: number): void {
    if (this.refreshTimer !== null) clearTimeout(this.refreshTimer);
    this.refreshTimer = null;
    if (!this.mayConnect()) return;
    const earliest = this.lastRefreshMs + REFRESH_AT_MOST_EVERY_MS - Date.now();
    this.refreshTimer = setTimeout(
      () => {
        this.lastRefreshMs = Date.now();
        void this.session.request({ do: 'refresh_media' }).then((outcome) => {
          // The fresh token comes as a message of its own and sets the next time; without it, ask again.
          if (outcome.kind !== 'done') this.refreshSoon(REFRESH_AT_MOST_EVERY_MS);
        });
      },
      Math.max(0, inMs, earliest),
    );
  }

  private networkChanged(): void {
    this.publishLink.networkChanged();
    this.subscribeLink.networkChanged();
  }

  private change(next: MediaState): void {
    this.present = next;
    for (const listener of [...this.listeners]) listener();
  }
}

/** Chromium tells of a new network here (Network Information API); other browsers only by `online`. */
function connection(): EventTarget | null {
  const { connection: api } = navigator as { connection?: EventTarget };
  return api ?? null;
}
