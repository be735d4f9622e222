// The three lines a passing teacher reads on a waiting screen: picture, sound, network.
import type { Devices, DeviceTrouble } from '../../media/devices';
import { isAwake, LevelMeter } from '../../media/level';
import { el } from './dom';
import { text } from './words';

/** A room's noise is above this; a dead microphone is not. */
const HEARD = 0.12;

/** The bar moves this often. */
const METER_MS = 150;

/** Sound heard this long ago still counts as "fine". */
const MEMORY_MS = 60_000;

const cameraWords: Record<DeviceTrouble, string> = {
  insecure: text.insecure,
  denied: text.cameraDenied,
  missing: text.cameraMissing,
  busy: text.cameraBusy,
};
const microphoneWords: Record<DeviceTrouble, string> = {
  insecure: text.insecure,
  denied: text.microphoneDenied,
  missing: text.microphoneMissing,
  busy: text.microphoneBusy,
};

interface Line {
  element: HTMLElement;
  set(good: boolean | 'unsure', words: string): void;
}

function line(name: string): Line {
  const words = el('span');
  const element = el('li', { 'data-testid': `check-${name}` }, el('i', { 'aria-hidden': 'true' }), words);
  return {
    element,
    set(good, said) {
      element.dataset.good = String(good);
      if (words.textContent !== said) words.textContent = said;
    },
  };
}

export class SelfCheck {
  private readonly camera = line('camera');
  private readonly microphone = line('microphone');
  private readonly network = line('network');
  private readonly bar = el('div', { class: 'level', 'aria-hidden': 'true' }, el('b'));
  readonly element = el(
    'ul',
    { class: 'selfcheck', role: 'status' },
    this.camera.element,
    this.microphone.element,
    this.network.element,
  );
  private meter: { track: MediaStreamTrack; level: LevelMeter } | null = null;
  private heardAt = 0;
  private readonly timer = setInterval(() => this.listen(), METER_MS);

  constructor(private readonly devices: Devices) {
    this.microphone.element.append(this.bar);
  }

  draw(online: boolean): void {
    const { camera, microphone } = this.devices.getState();
    this.camera.set(
      camera.track !== null,
      camera.trouble === null ? text.cameraGood : cameraWords[camera.trouble],
    );
    const heard = Date.now() - this.heardAt < MEMORY_MS;
    // A context the browser holds back hears nothing, so silence says nothing of the microphone.
    const listens = microphone.track !== null && isAwake();
    const unsure = listens && !heard;
    this.microphone.set(
      microphone.track !== null && (unsure ? 'unsure' : true),
      microphone.trouble !== null
        ? microphoneWords[microphone.trouble]
        : heard
          ? text.microphoneGood
          : unsure
            ? text.microphoneQuiet
            : text.microphoneConnected,
    );
    this.network.set(online, online ? text.networkGood : text.networkLost);
  }

  close(): void {
    clearInterval(this.timer);
    this.meter?.level.close();
    this.meter = null;
  }

  private listen(): void {
    const { track } = this.devices.getState().microphone;
    if (this.meter !== null && this.meter.track !== track) {
      this.meter.level.close();
      this.meter = null;
    }
    if (track === null) return;
    this.meter ??= { track, level: new LevelMeter(track) };
    const level = this.meter.level.read();
    if (level > HEARD) this.heardAt = Date.now();
    // Nobody sees the bar in a lesson; drawing it would only cost.
    if (this.element.offsetParent !== null) this.bar.style.setProperty('--level', level.toFixed(2));
  }
}
