// The camera and microphone of this machine: opened, chosen, found again after they were unplugged.

export type DeviceTrouble =
  /** Browsers give cameras to https and localhost only. */
  | 'insecure'
  | 'denied'
  | 'missing'
  /** Another program holds it. */
  | 'busy';

export interface Input {
  track: MediaStreamTrack | null;
  trouble: DeviceTrouble | null;
}

export interface DevicesState {
  opening: boolean;
  camera: Input;
  microphone: Input;
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

/** What a camera is asked for; a browser comes as close as the camera allows. */
export interface Picture {
  width: number;
  height: number;
  frameRate: number;
}

export const TEACHER_PICTURE: Picture = { width: 1280, height: 720, frameRate: 25 };
export const CLASSROOM_PICTURE: Picture = { width: 960, height: 540, frameRate: 20 };

/** A lost camera is looked for again this often, besides when the system reports a new device. */
const LOOK_AGAIN_MS = 10_000;

const CHOSEN = 'tongtang.devices';

type Kind = 'camera' | 'microphone';

export class Devices {
  private present: DevicesState = {
    opening: true,
    camera: { track: null, trouble: null },
    microphone: { track: null, trouble: null },
    cameras: [],
    microphones: [],
  };
  private listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | null = null;
  private busy = false;
  /** Counts starts and stops: what was asked for before the last of them is not wanted any more. */
  private generation = 0;
  private permissions: PermissionStatus[] = [];
  private readonly onChange = () => void this.open();
  private readonly onTimer = () => void this.open('by itself');

  constructor(private readonly picture: Picture) {}

  readonly getState = (): DevicesState => this.present;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    if (this.timer !== null) return;
    this.generation += 1;
    this.busy = false;
    navigator.mediaDevices?.addEventListener('devicechange', this.onChange);
    this.timer = setInterval(this.onTimer, LOOK_AGAIN_MS);
    void this.open();
    void this.watchPermissions();
  }

  stop(): void {
    if (this.timer === null) return;
    this.generation += 1;
    navigator.mediaDevices?.removeEventListener('devicechange', this.onChange);
    clearInterval(this.timer);
    this.timer = null;
    for (const permission of this.permissions) permission.onchange = null;
    this.permissions = [];
    for (const kind of ['camera', 'microphone'] as const) this.close(kind);
    this.change({
      opening: true,
      camera: { track: null, trouble: null },
      microphone: { track: null, trouble: null },
    });
  }

  /** Another camera or microphone; remembered for the next time. */
  async choose(kind: Kind, deviceId: string): Promise<void> {
    const chosen = readChosen();
    chosen[kind] = deviceId;
    localStorage.setItem(CHOSEN, JSON.stringify(chosen));
    this.close(kind);
    this.change({ [kind]: { track: null, trouble: null } });
    await this.open();
  }

  /**
   * Opens what is not open. Called again and again, it does nothing while all is well. By itself it does not ask for what a
   * person has refused: browsers would ask them every time.
   */
  async open(why: 'asked' | 'by itself' = 'asked'): Promise<void> {
    if (this.busy || this.timer === null) return;
    if (navigator.mediaDevices === undefined) {
      const none: Input = { track: null, trouble: 'insecure' };
      this.change({ opening: false, camera: none, microphone: none });
      return;
    }
    const lacking = (['camera', 'microphone'] as const).filter(
      (kind) => !isLive(this.present[kind]) && (why === 'asked' || this.present[kind].trouble !== 'denied'),
    );
    if (lacking.length === 0) return;
    const { generation } = this;
    this.busy = true;
    // Together first: one question to the person instead of two.
    const both = lacking.length === 2 ? await this.ask(lacking, generation) : null;
    if (both?.trouble !== null) for (const kind of lacking) await this.ask([kind], generation);
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    if (generation !== this.generation) return;
    this.busy = false;
    this.change({
      opening: false,
      cameras: all.filter((device) => device.kind === 'videoinput'),
      microphones: all.filter((device) => device.kind === 'audioinput'),
    });
  }

  private async ask(kinds: readonly Kind[], generation: number): Promise<{ trouble: DeviceTrouble | null }> {
    if (generation !== this.generation) return { trouble: null };
    const chosen = readChosen();
    const { width, height, frameRate } = this.picture;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        ...(kinds.includes('camera')
          ? {
              video: {
                width: { ideal: width },
                height: { ideal: height },
                frameRate: { ideal: frameRate, max: 30 },
                ...(chosen.camera === undefined ? {} : { deviceId: { ideal: chosen.camera } }),
              },
            }
          : {}),
        ...(kinds.includes('microphone')
          ? {
              audio: {
                echoCancellation: true,
                noiseSuppression: true,
                autoGainControl: true,
                ...(chosen.microphone === undefined ? {} : { deviceId: { ideal: chosen.microphone } }),
              },
            }
          : {}),
      });
      if (generation !== this.generation) {
        // Stopped while the browser was asking: nobody wants this camera any more.
        for (const track of stream.getTracks()) track.stop();
        return { trouble: null };
      }
      for (const kind of kinds) {
        const track = kind === 'camera' ? stream.getVideoTracks()[0] : stream.getAudioTracks()[0];
        if (track === undefined) continue;
        track.addEventListener('ended', this.onChange);
        this.change({ [kind]: { track, trouble: null } });
      }
      return { trouble: null };
    } catch (error) {
      const trouble = troubleOf(error);
      if (generation !== this.generation) return { trouble };
      for (const kind of kinds) this.change({ [kind]: { track: null, trouble } });
      return { trouble };
    }
  }

  private close(kind: Kind): void {
    const { track } = this.present[kind];
    track?.removeEventListener('ended', this.onChange);
    track?.stop();
  }

  /** Permission given later (left of the address) opens the device without a press, where the browser tells of it. */
  private async watchPermissions(): Promise<void> {
    const { generation } = this;
    for (const name of ['camera', 'microphone'] as PermissionName[]) {
      const permission = await navigator.permissions?.query({ name }).catch(() => null);
      if (permission == null || generation !== this.generation) continue;
      permission.onchange = () => {
        if (permission.state !== 'denied') void this.open();
      };
      this.permissions.push(permission);
    }
  }

  private change(part: Partial<DevicesState>): void {
    this.present = { ...this.present, ...part };
    for (const listener of [...this.listeners]) listener();
  }
}

function isLive(input: Input): boolean {
  return input.track?.readyState === 'live';
}

function troubleOf(error: unknown): DeviceTrouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'missing';
}

function readChosen(): { camera?: string; microphone?: string } {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(CHOSEN) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The board: a screen or window of the person's choice; null if they thought better of it. */
export async function openScreen(): Promise<MediaStreamTrack | null> {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 } },
      audio: false,
    });
    const track = stream.getVideoTracks()[0] ?? null;
    // Letters stay sharp, frames may be fewer.
    if (track !== null) track.contentHint = 'detail';
    return track;
  } catch {
    return null;
  }
}
