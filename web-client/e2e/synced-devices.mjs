/**
 * Runs inside the teacher's page, before its scripts: camera and microphone become one drawn picture and one oscillator
 * driven by the same clock, so that the recording's lip sync can be measured. Every third second a white picture and a
 * 1 kHz tone last 240 ms. (Chromium's fake devices start sound and picture at unrelated moments.)
 */
export function installSyncedDevices() {
  const FLASH_EVERY_S = 3;
  const FLASH_S = 0.24;
  let stream;
  async function synced() {
    if (stream) return stream;
    const audio = new AudioContext({ sampleRate: 48000 });
    await audio.resume();
    const tone = audio.createOscillator();
    tone.frequency.value = 1000;
    const gain = audio.createGain();
    gain.gain.value = 0;
    const out = audio.createMediaStreamDestination();
    tone.connect(gain).connect(out);
    tone.start();
    for (let n = 1; n < 100; n++) {
      gain.gain.setValueAtTime(0.6, n * FLASH_EVERY_S);
      gain.gain.setValueAtTime(0, n * FLASH_EVERY_S + FLASH_S);
    }
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const context = canvas.getContext('2d');
    let number = 0;
    setInterval(() => {
      const at = audio.currentTime;
      const flash = at > FLASH_EVERY_S && at % FLASH_EVERY_S < FLASH_S;
      context.fillStyle = flash ? '#ffffff' : '#101818';
      context.fillRect(0, 0, 640, 360);
      context.fillStyle = flash ? '#dddddd' : '#203030';
      context.fillRect((number++ * 8) % 640, 160, 40, 40);
    }, 20);
    stream = new MediaStream([...canvas.captureStream(25).getVideoTracks(), ...out.stream.getAudioTracks()]);
    return stream;
  }
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const all = await synced();
    const tracks = [];
    if (wanted?.video) tracks.push(...all.getVideoTracks().map((track) => track.clone()));
    if (wanted?.audio) tracks.push(...all.getAudioTracks().map((track) => track.clone()));
    return new MediaStream(tracks);
  };
}
