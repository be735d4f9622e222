// Records what Chromium's encoders make of a camera and a microphone: node record.mjs H264|VP8 simulcast|single OUT.json WHIP_URL SECONDS WARM_UP_SECONDS
import { chromium } from 'playwright-core';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
const [codec, kind, out, sfu, seconds, warmUp] = process.argv.slice(2);
const worker = `
const frames = [];
onmessage = async ({ data }) => {
  if (data === 'take') postMessage(frames);
};
onrtctransform = async ({ transformer }) => {
  const writer = transformer.writable.getWriter();
  for (const reader = transformer.readable.getReader(); ;) {
    const { done, value: frame } = await reader.read();
    if (done) return;
    const meta = frame.getMetadata();
    const bytes = new Uint8Array(frame.data);
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    frames.push({ kind: transformer.options.kind, type: frame.type, ts: meta.rtpTimestamp ?? frame.timestamp, ssrc: meta.synchronizationSource, rid: meta.rid, width: meta.width, data: btoa(text) });
    writer.write(frame);
  }
};`;
const server = createServer((request, response) => {
  response.setHeader('content-type', request.url === '/worker.js' ? 'text/javascript' : 'text/html');
  response.end(request.url === '/worker.js' ? worker : '<!doctype html><meta charset=utf-8><title>record</title>');
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.on('listening', listening));
const profile = mkdtempSync('./profile-');
const context = await chromium.launchPersistentContext(profile, { executablePath: '/usr/bin/chromium', headless: true, args: [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${process.cwd()}/media/bbb.y4m`,
  `--use-file-for-fake-audio-capture=${process.cwd()}/media/speech.wav`, '--autoplay-policy=no-user-gesture-required'] });
const page = await context.newPage();
page.on('console', (message) => console.log('page:', message.text()));
page.on('pageerror', (error) => console.log('page:', error.message));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const result = await page.evaluate(async ([codec, kind, sfu, seconds, warmUp]) => {
  const sleep = (ms) => new Promise((woken) => setTimeout(woken, ms));
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720, frameRate: 25 }, audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const worker = new Worker('/worker.js');
  worker.addEventListener('message', ({ data }) => typeof data === 'string' && console.log(data));
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const audio = peer.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly', streams: [stream] });
  const sendEncodings = kind === 'simulcast'
    ? [{ rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150000 }, { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500000 }, { rid: 'f', maxBitrate: 1200000 }]
    : [{ maxBitrate: 2000000 }];
  const video = peer.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', streams: [stream], sendEncodings });
  const codecs = RTCRtpReceiver.getCapabilities('video').codecs;
  video.setCodecPreferences(codecs.filter((c) => c.mimeType === `video/${codec}` && !/packetization-mode=0/.test(c.sdpFmtpLine ?? '')).concat(codecs.filter((c) => /rtx/.test(c.mimeType))));
  audio.sender.transform = new RTCRtpScriptTransform(worker, { kind: 'audio' });
  video.sender.transform = new RTCRtpScriptTransform(worker, { kind: 'video' });
  await peer.setLocalDescription();
  const answer = await fetch(sfu, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: peer.localDescription.sdp });
  const sdp = await answer.text();
  if (!answer.ok) throw new Error(sdp);
  await peer.setRemoteDescription({ type: 'answer', sdp });
  const key = () => { const now = video.sender.getParameters(); return video.sender.setParameters(now, { encodingOptions: now.encodings.map(() => ({ keyFrame: true })) }); };
  await sleep(warmUp * 1000);
  await key();
  await sleep(seconds * 1000);
  await key();
  await sleep(1000);
  const frames = await new Promise((taken) => { worker.addEventListener('message', ({ data }) => Array.isArray(data) && taken(data)); worker.postMessage('take'); });
  const stats = [];
  (await peer.getStats()).forEach((x) => { if (x.type === 'outbound-rtp' || x.type === 'candidate-pair') stats.push([x.type, x.kind, x.rid, x.frameWidth, x.framesPerSecond, x.targetBitrate, x.qualityLimitationReason, x.encoderImplementation, x.availableOutgoingBitrate, x.pliCount, x.keyFramesEncoded].join(' ')); });
  peer.close();
  return { frames, stats, sdp, offer: peer.localDescription?.sdp };
}, [codec, kind, sfu, Number(seconds), Number(warmUp)]);
console.log(result.stats.join('\n'));
writeFileSync(out, JSON.stringify(result));
await context.close();
rmSync(profile, { recursive: true });
server.close();
