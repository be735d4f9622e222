// A classroom's screen in and between lessons: waits, shows, publishes the room, comes back by itself.

import { chime } from '../../media/chime';
import { canReceive } from '../../media/codecs';
import { CLASSROOM_PICTURE, Devices } from '../../media/devices';
import { LessonMedia } from '../../media/lesson_media';
import { PictureView } from '../../media/picture';
import { CLASSROOM_LAYERS } from '../../media/publisher';
import { Voices } from '../../media/voices';
import { lessonSocketUrl } from '../../protocol/api';
import { openSession } from '../../session/browser';
import { hasMedia, participantOf, teacherOf } from '../../session/state';
import { shanghaiClock } from '../../words/day';
import { arrangeNext, nothingShown, type Shown } from './arrange';
import { el, say } from './dom';
import { HealthReporter } from './health';
import { SelfCheck } from './selfcheck';
import { type Touch, touchBar } from './touchbar';
import { text } from './words';

/** A gap shorter than this is not worth a line on the screen. */
const LOST_LINE_AFTER_MS = 1_500;

/** “The lesson is over” stands this long; then the screen waits for the next. */
const OVER_SHOWN_MS = 10 * 60_000;

export interface ScreenEvents {
  /** The credential is no longer accepted. */
  revoked(): void;
  /** Somebody wants to type another code. */
  newCode(): void;
}

export function showScreen(place: HTMLElement, credential: string, events: ScreenEvents): () => void {
  const session = openSession(credential, lessonSocketUrl());
  // Nobody is there to press anything: the window that was opened last is the classroom's.
  session.takePlace();
  const devices = new Devices(CLASSROOM_PICTURE);
  const media = new LessonMedia(session, ['microphone', 'camera'], CLASSROOM_LAYERS);
  const voices = new Voices((blocked) => {
    soundButton.hidden = !blocked;
  });
  const check = new SelfCheck(devices);
  const health = new HealthReporter(session, devices, media);

  const teacher = new PictureView(text.teacher);
  const board = new PictureView(text.board);
  const stage = new PictureView('');
  const own = new PictureView(text.own);
  const named = (view: PictureView, name: string) => {
    view.element.classList.add(name);
    view.element.dataset.testid = `picture-${name}`;
    const label = el('p', { class: 'label' });
    label.hidden = true;
    view.element.append(label);
    return label;
  };
  named(board, 'board');
  const teacherLabel = named(teacher, 'teacher');
  const stageLabel = named(stage, 'stage');
  const ownLabel = named(own, 'own');

  const line = el('p', { class: 'line', role: 'status', 'data-testid': 'line' });
  const strip = el('p', { class: 'strip' });
  const room = el('h1', { 'data-testid': 'room' });
  const clock = el('p', { class: 'clock' });
  const status = el('p', { class: 'status', role: 'status', 'data-testid': 'status' });
  const next = el('p', { class: 'next' });
  const waiting = el(
    'div',
    { class: 'waiting' },
    el('div', { class: 'words' }, room, clock, status, next),
    el('div', { class: 'check' }, check.element),
  );
  const soundButton = el('button', { type: 'button', class: 'sound', 'data-testid': 'sound' }, text.sound);
  soundButton.hidden = true;
  const takeBack = el('button', { type: 'button', 'data-testid': 'take-back' }, text.takeBack);
  takeBack.addEventListener('click', () => {
    session.takePlace();
    devices.start();
  });
  const elsewhere = el(
    'section',
    { class: 'elsewhere', 'data-testid': 'replaced' },
    el('h1', {}, text.elsewhere),
    el('p', {}, text.elsewhereHint),
    takeBack,
  );
  elsewhere.hidden = true;
  const touch: Touch = touchBar({
    raiseHand: () => void session.request({ do: 'raise_hand', raised: !isHandUp() }),
    mute: () => {
      const you = session.getState().you;
      if (you !== null) void session.request({ do: 'mute', participant: you, muted: !isMuted() });
    },
    newCode: events.newCode,
  });
  const view = el(
    'section',
    { class: 'screen', 'data-testid': 'screen', 'data-layout': 'waiting' },
    waiting,
    board.element,
    teacher.element,
    stage.element,
    own.element,
    strip,
    line,
    soundButton,
    elsewhere,
    touch.element,
  );

  const self = () => {
    const { lesson, you } = session.getState();
    return lesson === null ? null : participantOf(lesson, you);
  };
  const isHandUp = () => self()?.hand_raised_at != null;
  const isMuted = () => self()?.muted ?? false;
  let shown: Shown = nothingShown;
  let lostSince: number | null = null;
  let missingSince: number | null = null;

  const draw = () => {
    const { lesson, you, device, connection } = session.getState();
    if (connection.kind === 'refused') {
      events.revoked();
      return;
    }
    const replaced = session.getState().place === 'replaced';
    if (elsewhere.hidden === replaced) elsewhere.hidden = !replaced;
    if (replaced) devices.stop();
    const wasOnStage = shown.layout.endsWith('_self');
    shown = arrangeNext(shown, lesson, you);
    const { layout } = shown;
    if (!shown.teacherMissing) missingSince = null;
    else missingSince ??= Date.now();
    view.dataset.layout = layout;
    if (layout.endsWith('_self') && !wasOnStage) chime();

    const me = self();
    const name = me?.name ?? device?.name ?? text.unnamed;
    const caller = lesson === null ? null : participantOf(lesson, lesson.on_stage);
    say(room, name);
    say(clock, shanghaiClock(session.serverNow()));
    say(ownLabel, layout.endsWith('_self') ? text.onStage(name) : '');
    const paired = layout === 'teacher_self' || layout === 'teacher_other';
    say(teacherLabel, paired && lesson !== null ? (teacherOf(lesson)?.name ?? text.teacher) : '');
    say(stageLabel, layout.endsWith('_other') ? text.stageOther(caller?.name ?? '') : '');

    own.show(devices.getState().camera.track);
    const slot = (wanted: boolean, slotName: string) =>
      layout !== 'waiting' && wanted ? media.subscriber.track(slotName) : null;
    board.show(slot(layout.startsWith('board'), 'board'));
    teacher.show(slot(shown.camera, 'teacher'));
    teacher.element.hidden = layout === 'waiting' || !shown.camera;
    stage.show(slot(layout.endsWith('_other'), 'stage'));

    say(status, waitingWords());
    say(next, nextWords());
    say(strip, lesson === null ? '' : stripWords());
    const trouble = lineWords();
    say(line, trouble.words);
    line.dataset.kind = trouble.kind;
    check.draw(connection.kind === 'online');
    touch.draw({ inLesson: me !== null && hasMedia(lesson), handUp: isHandUp(), muted: isMuted() });
  };

  /** The lesson that ended a moment ago. */
  const justOver = () => {
    const { over } = session.getState();
    return over !== null && session.serverNow() - (over.ended_at ?? 0) < OVER_SHOWN_MS ? over : null;
  };
  const waitingWords = (): string => {
    const { lesson } = session.getState();
    if (lesson === null && justOver() !== null) return text.over;
    if (lesson === null || lesson.state === 'scheduled') return text.noLesson;
    if (!hasMedia(lesson)) return text.over;
    return lesson.state === 'paused' ? text.pause : text.waitTeacher;
  };
  const nextWords = (): string => {
    const { lesson, device } = session.getState();
    if (hasMedia(lesson)) return lesson?.title ?? '';
    const coming = device?.next_lesson;
    if (coming == null) return justOver()?.title ?? text.noLessonHint;
    if (coming.starts_at == null) return text.nextLesson(coming.title);
    return text.nextLessonAt(coming.title, shanghaiClock(coming.starts_at));
  };
  const stripWords = (): string => {
    const { lesson } = session.getState();
    const parts = [lesson?.title ?? ''];
    if (lesson?.state === 'open') parts.push(text.notBegun);
    if (lesson?.state === 'paused') parts.push(text.pause);
    return parts.join(' · ');
  };
  const lineWords = (): { kind: string; words: string } => {
    const { lesson } = session.getState();
    const none = { kind: '', words: '' };
    if (lesson === null || !hasMedia(lesson)) {
      lostSince = null;
      return none;
    }
    if (!canReceive(lesson.video_codec)) return { kind: 'lost', words: text.noCodec };
    const link = media.getState().subscribe;
    if (link.kind === 'up') lostSince = null;
    else lostSince ??= Date.now();
    if (lostSince !== null && Date.now() - lostSince > LOST_LINE_AFTER_MS) {
      const { connection } = session.getState();
      const attempts = Math.max(
        1,
        link.kind === 'connecting' ? link.attempts : 0,
        connection.kind === 'lost' ? connection.attempts : 0,
      );
      return { kind: 'lost', words: text.lost(attempts) };
    }
    if (missingSince !== null && Date.now() - missingSince > LOST_LINE_AFTER_MS) {
      return { kind: 'weak', words: text.teacherMissing(Math.floor((Date.now() - missingSince) / 1000)) };
    }
    if (isMuted()) return { kind: 'note', words: text.muted };
    if (isHandUp()) return { kind: 'note', words: text.handUp };
    if (self()?.link.level === 'weak') return { kind: 'weak', words: text.weak };
    if (shown.layout !== 'waiting' && !shown.layout.startsWith('board') && lesson.state !== 'live') {
      return { kind: 'note', words: lesson.state === 'open' ? text.notBegun : text.pause };
    }
    return none;
  };

  const publish = () => {
    const { camera, microphone } = devices.getState();
    if (media.publisher.track('camera') !== camera.track) media.publisher.setTrack('camera', camera.track);
    if (media.publisher.track('microphone') !== microphone.track) {
      media.publisher.setTrack('microphone', microphone.track);
    }
  };
  const onTouch = () => {
    void voices.retry();
    // Somebody is here: a browser that was told “no” may be asked once more.
    if (
      devices.getState().camera.trouble === 'denied' ||
      devices.getState().microphone.trouble === 'denied'
    ) {
      void devices.open();
    }
  };
  const timer = setInterval(draw, 1000);
  const stopDevices = devices.subscribe(() => {
    publish();
    draw();
  });
  const stopSession = session.subscribe(draw);
  const stopMedia = media.subscribe(() => {
    voices.play(media.subscriber.voices());
    draw();
  });
  const onLeave = () => media.close();
  document.addEventListener('pointerup', onTouch);
  document.addEventListener('keyup', onTouch);
  window.addEventListener('pagehide', onLeave);
  devices.start();
  place.append(view);
  draw();
  window.__tongtang = {
    session: { state: session.getState },
    media: { state: media.getState, stats: () => media.stats(), slots: () => media.subscriber.slots },
  };

  return () => {
    clearInterval(timer);
    stopDevices();
    stopSession();
    stopMedia();
    document.removeEventListener('pointerup', onTouch);
    document.removeEventListener('keyup', onTouch);
    window.removeEventListener('pagehide', onLeave);
    touch.close();
    check.close();
    health.close();
    voices.close();
    for (const picture of [teacher, board, stage, own]) picture.close();
    media.close();
    session.stop();
    devices.stop();
    view.remove();
  };
}
