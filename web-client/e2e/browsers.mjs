// Real browsers with files for camera and microphone. Each has a profile of its own that goes with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { installProbes } from './probes.mjs';

const CHROMIUM = process.env.TONGTANG_CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.TONGTANG_FIREFOX ?? '/usr/bin/firefox-esr';

/** A Chromium whose camera and microphone play the given files; `more`: further arguments of its command line. */
export async function openChromium({ camera, microphone, viewport = { width: 1366, height: 768 }, locale = 'zh-CN', more = [] }) {
  const profile = mkdtempSync(join(tmpdir(), 'tongtang-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    viewport,
    locale,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${camera}`, `--use-file-for-fake-audio-capture=${microphone}`,
      '--autoplay-policy=no-user-gesture-required', '--auto-select-desktop-capture-source=Entire screen',
      '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
      ...more,
    ],
  });
  await context.addInitScript(installProbes);
  const page = context.pages()[0] ?? await context.newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  return {
    page,
    goto: (url) => page.goto(url),
    evaluate: (fn, arg) => page.evaluate(fn, arg),
    screenshot: (path) => page.screenshot({ path }),
    close: async () => { await context.close(); rmSync(profile, { recursive: true, force: true }); },
  };
}

/** Runs inside Firefox: its fake camera makes any size that is asked for; the room's is small, like the other rooms' files. */
function installSmallCamera() {
  const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) => native({ ...wanted, ...(wanted?.video ? { video: { width: 320, height: 180, frameRate: 8 } } : {}) });
}

/** A Firefox with its own fake camera; it has no H.264. */
export async function openFirefox({ viewport = { width: 1366, height: 768 } } = {}) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    defaultViewport: viewport,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.autoplay.blocking_policy': 0,
      'media.autoplay.block-webaudio': false,
      'intl.accept_languages': 'zh-CN',
      'app.update.enabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'toolkit.telemetry.enabled': false,
    },
  });
  const page = (await browser.pages())[0] ?? await browser.newPage();
  await page.evaluateOnNewDocument(installProbes);
  await page.evaluateOnNewDocument(installSmallCamera);
  return {
    page,
    goto: (url) => page.goto(url),
    evaluate: (fn, arg) => page.evaluate(fn, arg),
    screenshot: (path) => page.screenshot({ path }),
    close: () => browser.close(),
  };
}
