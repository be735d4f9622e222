// The pages as a person uses them. Everything that knows a page's elements stands here.
import { until } from './until.mjs';

export class Teacher {
  static async open(browser, teacherUrl) {
    const teacher = new Teacher();
    teacher.browser = browser;
    await browser.goto(teacherUrl);
    await browser.page.getByTestId('begin').waitFor({ timeout: 20_000 });
    return teacher;
  }

  async start() {
    await this.press('begin');
    await until('the lesson is live on the teacher’s page', async () => (await this.lesson())?.state === 'live');
  }

  press(testid) {
    return this.browser.page.getByTestId(testid).click();
  }

  /** The lesson as the page knows it. */
  lesson() {
    return this.browser.evaluate(() => window.__tongtang?.session.state().lesson);
  }

  async end() {
    await this.press('action-end');
    await this.press('end-yes');
  }

  async participant(name) {
    return (await this.lesson()).participants.find((participant) => participant.name === name);
  }

  /** Calls a classroom on stage by its picture on the wall; returns when (Date.now()). */
  async callOnStage(name) {
    const { id } = await this.participant(name);
    const button = this.browser.page.locator(`[data-room="${id}"] [data-testid=call]`);
    await button.waitFor();
    const at = Date.now();
    await button.click();
    return at;
  }
}

/** Types the lesson's code and waits for the first picture. Returns ms from the last digit to the first teacher's picture. */
export async function joinClassroom(browser, base, code, name) {
  await browser.goto(`${base}/classroom`);
  await until('the screen waits', () => browser.evaluate(() => document.querySelector('[data-testid=type-code]') !== null));
  await browser.evaluate(() => document.querySelector('[data-testid=type-code]').click());
  await until('the code field is there', () => browser.evaluate(() => document.querySelector('[data-testid=code]') !== null));
  return browser.evaluate(async ([digits, roomName]) => {
    const input = document.querySelector('[data-testid=room-name]');
    input.value = roomName;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    for (const key of digits) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    const from = performance.now();
    for (;;) {
      const seen = window.probes.pictures().find((picture) => picture.testid === 'picture-teacher');
      if (seen) return performance.now() - from;
      if (performance.now() - from > 20_000) throw new Error(`no picture of the teacher: ${document.body.innerText.slice(0, 400)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }, [code, name]);
}

/** Watches the teacher's picture for `ms`: how many different frames were shown, and what RTP says meanwhile. */
export async function watchTeacher(browser, ms) {
  return browser.evaluate(async (duration) => {
    const teacherTrack = () => document.querySelector('[data-testid=picture-teacher] video')?.srcObject?.getVideoTracks()[0]?.id;
    const video = document.querySelector('[data-testid=picture-teacher] video');
    const voices = async () => (await window.probes.rtp()).inbound.filter((report) => report.kind === 'audio');
    const voicesBefore = await voices();
    const before = video.getVideoPlaybackQuality();
    const frames = new Set();
    let [loudest, until] = [0, performance.now() + duration];
    while (performance.now() < until) {
      const seen = window.probes.pictures().find((picture) => picture.testid === 'picture-teacher');
      if (seen) frames.add(seen.frame);
      loudest = Math.max(loudest, window.probes.loudness());
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    // Firefox tells the energy of what it plays (root mean square over the time); headless Chromium does not, so both are asked.
    for (const voice of await voices()) {
      const first = voicesBefore.find((each) => each.ssrc === voice.ssrc) ?? { energy: 0, seconds: 0 };
      const seconds = voice.seconds - first.seconds;
      if (seconds > 0) loudest = Math.max(loudest, Math.sqrt((voice.energy - first.energy) / seconds));
    }
    const after = video.getVideoPlaybackQuality();
    return { frames: frames.size, shown: after.totalVideoFrames - before.totalVideoFrames, dropped: after.droppedVideoFrames - before.droppedVideoFrames, loudest, track: teacherTrack() };
  }, ms);
}

/** Waits until `testid` shows camera `camera`; returns Date.now() of that moment. */
export function whenShown(browser, testid, camera, timeoutMs = 10_000) {
  return browser.evaluate(async ([wanted, number, timeout]) => {
    const until = performance.now() + timeout;
    for (;;) {
      if (window.probes.pictures().some((picture) => picture.testid === wanted && picture.camera === number)) return Date.now();
      if (performance.now() > until) throw new Error(`${wanted} never showed camera ${number}; shown: ${JSON.stringify(window.probes.pictures())}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }, [testid, camera, timeoutMs]);
}

/** Frames a track received and decoded so far, by the slot's place among the page's m-lines. */
export function framesOf(browser, slot) {
  return browser.evaluate(async (name) => {
    const slots = window.__tongtang.media.slots().filter((each) => !each.startsWith('audio'));
    const mid = slots.indexOf(name);
    const { inbound } = await window.probes.rtp();
    const videos = inbound.filter((report) => report.kind === 'video').sort((a, b) => Number(a.mid) - Number(b.mid));
    const report = videos.find((each) => Number(each.mid) === mid) ?? videos[0];
    return { decoded: report.framesDecoded, received: report.framesReceived, width: report.frameWidth };
  }, slot);
}
