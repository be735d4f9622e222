// How the screen is, told to those who look after it: its page, its camera and microphone, its link. Nothing of the people
// before it.
import type { Devices, Input } from '../../media/devices';
import type { LessonMedia } from '../../media/lesson_media';
import type { InputHealth, ScreenHealth, ScreenLink } from '../../protocol/types';
import type { Session } from '../../session/session';
import { scriptsOf } from './upkeep';

/** The server keeps one report a minute; a little more, so that none comes a moment too soon. */
const REPORT_EVERY_MS = 65_000;

/** So often it is looked whether a report is due. */
const LOOK_EVERY_MS = 2_000;

/** A question for the camera that nobody answers for so long is a no. */
const PATIENCE_MS = 15_000;

/** As the server takes them. */
const MAX_CHARS = 64;
const MAX_LOSS_PERMILLE = 1000;
const MAX_COUNT = 2 ** 32 - 1;

/** What a peer connection counted so far. */
export interface Counted {
  atMs: number;
  lost: number;
  received: number;
  bytes: number;
  rttMs: number | null;
}

/** Sums a connection's reports up. */
export function counted(reports: readonly RTCStats[], atMs: number): Counted | null {
  const sum: Counted = { atMs, lost: 0, received: 0, bytes: 0, rttMs: null };
  let heard = false;
  for (const report of reports as readonly (RTCStats & Record<string, unknown>)[]) {
    const number = (name: string) => (typeof report[name] === 'number' ? report[name] : 0);
    if (report.type === 'inbound-rtp') {
      heard = true;
      sum.lost += number('packetsLost');
      sum.received += number('packetsReceived');
      sum.bytes += number('bytesReceived');
    }
    if (report.type === 'candidate-pair' && report.nominated === true && 'currentRoundTripTime' in report) {
      sum.rttMs = Math.round(number('currentRoundTripTime') * 1000);
    }
  }
  return heard ? sum : null;
}

/** The link between two counts; a connection that was made anew counts from nothing. */
export function linkBetween(before: Counted | null, now: Counted | null): ScreenLink | null {
  if (now === null) return null;
  const rtt = now.rttMs === null ? {} : { rtt_ms: now.rttMs };
  if (before === null || now.received < before.received || now.atMs <= before.atMs) return rtt;
  const lost = Math.max(0, now.lost - before.lost);
  const all = lost + now.received - before.received;
  return {
    ...rtt,
    loss_permille: all === 0 ? 0 : Math.min(MAX_LOSS_PERMILLE, Math.round((lost * 1000) / all)),
    down_bps: bounded(((now.bytes - before.bytes) * 8000) / (now.atMs - before.atMs)),
  };
}

export function inputHealth({ track, trouble }: Input): InputHealth {
  if (trouble !== null) return trouble;
  return track === null ? 'denied' : 'fine';
}

/** `Chromium 156`, `Firefox 153`: whom to blame for a picture. */
export function browserName(agent: string): string {
  const found =
    /(Edg|Firefox|OPR|Chrome|Version)\/(\d+)/.exec(agent.replace(/Chrome\/\d+(?=.*(Edg|OPR)\/)/, '')) ?? null;
  if (found === null) return agent.slice(0, MAX_CHARS) || '?';
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', Chrome: 'Chromium', Version: 'Safari' };
  const name = found[1] ?? '';
  return `${names[name] ?? name} ${found[2]}`;
}

/** The page names its scripts by their content, so the name says which build it is. */
export function pageVersion(html: string): string {
  const build = /classroom-([\w-]+)\.js/.exec(scriptsOf(html) ?? '')?.[1];
  return build === undefined ? __VERSION__ : `${__VERSION__} ${build}`.slice(0, MAX_CHARS);
}

const bounded = (value: number) => Math.max(0, Math.min(MAX_COUNT, Math.round(value)));

/** What the browser may still store, if it says. */
async function freeMib(): Promise<number | null> {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? null : bounded((quota - (usage ?? 0)) / 2 ** 20);
  } catch {
    return null;
  }
}

export class HealthReporter {
  private readonly startedAt = performance.now();
  private reportedAt: number | null = null;
  private before: Counted | null = null;
  private readonly timer = setInterval(() => void this.look(), LOOK_EVERY_MS);

  constructor(
    private readonly session: Session,
    private readonly devices: Devices,
    private readonly media: LessonMedia,
  ) {}

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const now = performance.now();
    const { connection, place } = this.session.getState();
    // Another window has the room's devices: that one knows how they are.
    if (connection.kind !== 'online' || place === 'replaced') return;
    if (this.devices.getState().opening && now - this.startedAt < PATIENCE_MS) return;
    if (this.reportedAt !== null && now - this.reportedAt < REPORT_EVERY_MS) return;
    this.reportedAt = now;
    const health = await this.health(now);
    await this.session.request({ do: 'report', health });
  }

  private async health(now: number): Promise<ScreenHealth> {
    const { camera, microphone } = this.devices.getState();
    const reports = await this.media.stats();
    const count = counted(reports.subscribe, now);
    const link = linkBetween(this.before, count);
    this.before = count;
    const ratio = window.devicePixelRatio || 1;
    return {
      version: pageVersion(document.documentElement.outerHTML),
      browser: browserName(navigator.userAgent),
      width_px: Math.max(1, bounded(screen.width * ratio)),
      height_px: Math.max(1, bounded(screen.height * ratio)),
      camera: inputHealth(camera),
      microphone: inputHealth(microphone),
      link,
      free_mib: await freeMib(),
      uptime_s: bounded(now / 1000),
    };
  }
}
