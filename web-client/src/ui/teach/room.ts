// The teacher's end of a lesson: session, devices, media and voices as one thing with one state. No React.
import { keepAwake } from '../../media/awake';
import { Devices, type DevicesState, openScreen, TEACHER_PICTURE } from '../../media/devices';
import { LessonMedia, type MediaState } from '../../media/lesson_media';
import { TEACHER_LAYERS } from '../../media/publisher';
import { Voices } from '../../media/voices';
import { lessonSocketUrl } from '../../protocol/api';
import type { Action } from '../../protocol/types';
import { openSession } from '../../session/browser';
import type { Outcome, Session } from '../../session/session';
import { participantOf, type SessionState } from '../../session/state';

export interface RoomState {
  session: SessionState;
  media: MediaState;
  devices: DevicesState;
  /** The teacher has pressed begin (or came back into a running lesson): camera and microphone are sent. */
  entered: boolean;
  board: MediaStreamTrack | null;
  soundBlocked: boolean;
}

export class TeachRoom {
  readonly session: Session;
  readonly devices = new Devices(TEACHER_PICTURE);
  readonly media: LessonMedia;
  private readonly voices: Voices;
  private present: RoomState;
  private listeners = new Set<() => void>();
  private readonly stops: (() => void)[];

  constructor(credential: string) {
    this.session = openSession(credential, lessonSocketUrl());
    this.media = new LessonMedia(this.session, ['microphone', 'camera', 'board'], TEACHER_LAYERS);
    this.voices = new Voices((soundBlocked) => this.change({ soundBlocked }));
    this.present = {
      session: this.session.getState(),
      media: this.media.getState(),
      devices: this.devices.getState(),
      entered: false,
      board: null,
      soundBlocked: false,
    };
    const onTouch = () => void this.voices.retry();
    const onLeave = () => this.media.close();
    document.addEventListener('pointerup', onTouch);
    window.addEventListener('pagehide', onLeave);
    this.stops = [
      this.session.subscribe(() => this.onSession()),
      this.media.subscribe(() => this.onMedia()),
      this.devices.subscribe(() => this.onDevices()),
      keepAwake(),
      () => document.removeEventListener('pointerup', onTouch),
      () => window.removeEventListener('pagehide', onLeave),
    ];
    this.devices.start();
    window.__tongtang = {
      session: { state: this.session.getState },
      media: {
        state: this.media.getState,
        stats: () => this.media.stats(),
        slots: () => this.media.subscriber.slots,
      },
    };
  }

  readonly getState = (): RoomState => this.present;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  ask(action: Action): Promise<Outcome> {
    return this.session.request(action);
  }

  /** One press: send, and begin the lesson if it has not begun. */
  async begin(): Promise<Outcome> {
    this.enter();
    return this.ask({ do: 'start' });
  }

  isMuted(): boolean {
    const { lesson, you } = this.present.session;
    return lesson !== null && (participantOf(lesson, you)?.muted ?? false);
  }

  setMuted(muted: boolean): Promise<Outcome> {
    // At once here, so that nothing said after the press leaves the room.
    this.applyMuted(muted);
    const { you } = this.present.session;
    if (you === null) return Promise.resolve({ kind: 'unanswered' });
    return this.ask({ do: 'mute', participant: you, muted });
  }

  async toggleBoard(): Promise<void> {
    if (this.present.board !== null) {
      this.present.board.stop();
      this.setBoard(null);
      return;
    }
    const track = await openScreen();
    if (track === null) return;
    track.addEventListener('ended', () => {
      if (this.present.board === track) this.setBoard(null);
    });
    this.setBoard(track);
  }

  unblockSound(): void {
    void this.voices.retry();
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.present.board?.stop();
    this.voices.close();
    this.media.close();
    this.session.stop();
    this.devices.stop();
  }

  private enter(): void {
    if (this.present.entered) return;
    this.change({ entered: true });
    this.publish();
  }

  private setBoard(board: MediaStreamTrack | null): void {
    this.media.publisher.setTrack('board', board);
    this.change({ board });
  }

  private publish(): void {
    if (!this.present.entered) return;
    const { camera, microphone } = this.devices.getState();
    const { publisher } = this.media;
    if (publisher.track('camera') !== camera.track) publisher.setTrack('camera', camera.track);
    if (publisher.track('microphone') !== microphone.track) {
      publisher.setTrack('microphone', microphone.track);
    }
  }

  private applyMuted(muted: boolean): void {
    const { track } = this.devices.getState().microphone;
    if (track !== null) track.enabled = !muted;
  }

  private onSession(): void {
    const session = this.session.getState();
    this.change({ session });
    const { lesson } = session;
    if (lesson === null) return;
    // Whoever comes back into a running lesson is back at once, without a press.
    if (lesson.state === 'live' || lesson.state === 'paused') this.enter();
    if (this.present.entered) this.applyMuted(this.isMuted());
    const over = !['scheduled', 'open', 'live', 'paused'].includes(lesson.state);
    if (over && this.present.entered) {
      this.present.board?.stop();
      this.setBoard(null);
      this.devices.stop();
    }
  }

  private onMedia(): void {
    this.voices.play(this.media.subscriber.voices());
    this.change({ media: this.media.getState() });
  }

  private onDevices(): void {
    this.publish();
    this.change({ devices: this.devices.getState() });
  }

  private change(part: Partial<RoomState>): void {
    this.present = { ...this.present, ...part };
    for (const listener of [...this.listeners]) listener();
  }
}
