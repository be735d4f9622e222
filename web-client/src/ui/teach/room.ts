// The teacher's end of a lesson: session, devices, media and voices as one thing with one state. No React.
import { keepAwake } from '../../media/awake';
import { Devices, type DevicesState, openScreen, TEACHER_PICTURE } from '../../media/devices';
import { LessonMedia, type MediaState } from '../../media/lesson_media';
import { TEACHER_LAYERS } from '../../media/publisher';
import { Voices } from '../../media/voices';
import { api, lessonSocketUrl } from '../../protocol/api';
import type { Action } from '../../protocol/types';
import { openSession } from '../../session/browser';
import type { Outcome, Session } from '../../session/session';
import { isOver, participantOf, type SessionState } from '../../session/state';
import { thisTab } from '../../session/this_tab';
import { returnsByItself } from './entering';
import { MuteSwitch } from './mute';

/** The classrooms' address is asked for again this often while it is not known. */
const ASK_ADDRESS_EVERY_MS = 20_000;

export interface RoomState {
  session: SessionState;
  media: MediaState;
  devices: DevicesState;
  /** The lesson is taught on this page: camera and microphone are sent. */
  entered: boolean;
  /** The lesson's classroom page, as classrooms reach it; empty until the server has said it. */
  classroomUrl: string;
  board: MediaStreamTrack | null;
  soundBlocked: boolean;
}

export class TeachRoom {
  readonly session: Session;
  readonly devices = new Devices(TEACHER_PICTURE);
  readonly media: LessonMedia;
  private readonly voices: Voices;
  private readonly mute = new MuteSwitch();
  private askAddressAtMs = 0;
  private present: RoomState;
  private listeners = new Set<() => void>();
  private readonly stops: (() => void)[];
  private readonly signedIn: Promise<unknown>;

  constructor(private readonly credential: string) {
    this.session = openSession(credential, lessonSocketUrl());
    this.media = new LessonMedia(this.session, ['microphone', 'camera', 'board'], TEACHER_LAYERS);
    this.voices = new Voices((soundBlocked) => this.change({ soundBlocked }));
    this.present = {
      session: this.session.getState(),
      media: this.media.getState(),
      devices: this.devices.getState(),
      entered: false,
      classroomUrl: '',
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
    // The same link opens the library of this lesson; without it the lesson goes on all the same.
    this.signedIn = api.teacherSession(credential);
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

  /** One press: teach here, and begin the lesson if it has not begun. */
  async begin(): Promise<Outcome> {
    const { lesson } = this.present.session;
    this.enter();
    if (lesson?.state === 'live' || lesson?.state === 'paused') return { kind: 'done' };
    return this.ask({ do: 'start' });
  }

  isMuted(): boolean {
    return this.mute.isMuted(this.isMutedOnServer());
  }

  async setMuted(muted: boolean): Promise<Outcome> {
    const { you } = this.present.session;
    const press = this.mute.press(muted);
    // At once here, so that nothing said after the press leaves the room.
    this.obeyMute();
    const outcome: Outcome =
      you === null ? { kind: 'unanswered' } : await this.ask({ do: 'mute', participant: you, muted });
    this.mute.settle(press, outcome);
    this.obeyMute();
    return outcome;
  }

  /** False: the browser gave no screen (the person thought better of it, or it cannot). */
  async toggleBoard(): Promise<boolean> {
    if (this.present.board !== null) {
      this.present.board.stop();
      this.setBoard(null);
      return true;
    }
    const track = await openScreen();
    if (track === null) return false;
    track.addEventListener('ended', () => {
      if (this.present.board === track) this.setBoard(null);
    });
    this.setBoard(track);
    return true;
  }

  /** Takes the lesson back from the page that took it. */
  takeBack(): void {
    this.enter();
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
    thisTab.teaches(this.credential, true);
    const wasEntered = this.present.entered;
    // First: taking the place says the session anew, and that must not enter a second time.
    this.change({ entered: true });
    // Taken again even if it is ours already: a press shall help against whatever took it away.
    this.session.takePlace();
    if (wasEntered) return;
    this.devices.start();
    this.publish();
  }

  /** Another page teaches now: camera, microphone and screen are its. */
  private standDown(): void {
    thisTab.teaches(this.credential, false);
    this.letGo();
    if (this.present.entered) this.change({ entered: false });
  }

  private letGo(): void {
    if (this.present.board !== null) {
      this.present.board.stop();
      this.setBoard(null);
    }
    this.devices.stop();
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

  private isMutedOnServer(): boolean {
    const { lesson, you } = this.present.session;
    return lesson !== null && (participantOf(lesson, you)?.muted ?? false);
  }

  private obeyMute(): void {
    const { track } = this.devices.getState().microphone;
    if (track !== null) track.enabled = !this.isMuted();
    this.change({});
  }

  private onSession(): void {
    const session = this.session.getState();
    this.change({ session });
    const { lesson } = session;
    if (lesson === null) return;
    void this.learnAddress(lesson.id);
    if (session.place === 'replaced') {
      this.standDown();
      return;
    }
    if (!this.present.entered && returnsByItself(lesson, thisTab.taughtBeforeReload(this.credential)))
      this.enter();
    this.mute.hears(this.isMutedOnServer());
    if (this.present.entered) this.obeyMute();
    if (isOver(lesson)) this.letGo();
  }

  /** This page may have been opened at an address that only this machine knows; the server says the classrooms'. */
  private async learnAddress(lesson: string): Promise<void> {
    if (this.present.classroomUrl !== '' || Date.now() < this.askAddressAtMs) return;
    this.askAddressAtMs = Date.now() + ASK_ADDRESS_EVERY_MS;
    await this.signedIn;
    const access = await api.lessonAccess(lesson);
    if (access.ok) this.change({ classroomUrl: access.value.classroom_url });
  }

  private onMedia(): void {
    this.voices.play(this.media.subscriber.voices());
    this.change({ media: this.media.getState() });
  }

  private onDevices(): void {
    this.publish();
    this.change({ devices: this.devices.getState() });
    // A microphone that was plugged in again is as mute as the one before.
    if (this.present.entered) this.obeyMute();
  }

  private change(part: Partial<RoomState>): void {
    this.present = { ...this.present, ...part };
    for (const listener of [...this.listeners]) listener();
  }
}
