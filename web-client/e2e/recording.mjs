// Takes a composed recording apart with ffprobe and ffmpeg, independently of the code that made it.
import { execFileSync } from 'node:child_process';
import { until } from './until.mjs';

const PICTURE = { width: 16, height: 9, fps: 25 };

/** Duration of the recording behind an HLS master playlist, in seconds. */
export function durationOf(playlistUrl) {
  const out = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', playlistUrl], { encoding: 'utf8' });
  return Number(out.trim().split('\n')[0]);
}

/** When the picture turns white, in seconds. */
export function flashes(playlistUrl) {
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', playlistUrl, '-map', '0:v:0', '-vf', `fps=${PICTURE.fps},scale=${PICTURE.width}:${PICTURE.height},format=gray`, '-f', 'rawvideo', '-'], { maxBuffer: 1 << 28 });
  const size = PICTURE.width * PICTURE.height;
  const found = [];
  let white = false;
  for (let n = 0; n < raw.length / size; n++) {
    const picture = raw.subarray(n * size, (n + 1) * size);
    const light = picture.reduce((sum, byte) => sum + byte, 0) / size;
    if (light > 120 && !white) found.push(n / PICTURE.fps);
    white = light > 120;
  }
  return found;
}

/** When the tone begins, in seconds. */
export function tones(playlistUrl) {
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', playlistUrl, '-map', '0:a:0', '-ac', '1', '-ar', '8000', '-af', 'bandpass=f=1000:width_type=h:w=200', '-f', 's16le', '-'], { maxBuffer: 1 << 28 });
  const step = 40; // 5 ms
  const samples = new Int16Array(raw.buffer, raw.byteOffset, Math.floor(raw.length / 2));
  const found = [];
  let quietFor = 1;
  for (let n = 0; n + step <= samples.length; n += step) {
    const energy = Math.sqrt(samples.subarray(n, n + step).reduce((sum, sample) => sum + sample * sample, 0) / step);
    if (energy > 1200) {
      if (quietFor > 0.5) found.push(n / 8000);
      quietFor = 0;
    } else {
      quietFor += step / 8000;
    }
  }
  return found;
}

/** Waits until the library's newest resource is composed; a failed job ends the wait with its reason. */
export function published(browser, stack) {
  return until(`the resource is published (log: ${stack.logFile})`, async () => {
    const answer = await browser.evaluate(async () => {
      const response = await fetch('/api/library');
      return { status: response.status, body: await response.json() };
    });
    if (answer.status !== 200) throw new Error(`GET /api/library: ${JSON.stringify(answer)}`);
    const newest = [...answer.body].sort((a, b) => b.recorded_at - a.recorded_at)[0];
    if (newest?.job.state === 'failed') throw Object.assign(new Error(`composing failed: ${newest.job.failure?.text}`), { final: true });
    return newest?.job.state === 'done' && newest.playlist_url && newest;
  }, 120_000, 500);
}
