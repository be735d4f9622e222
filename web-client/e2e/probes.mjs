/**
 * Runs inside every page, before its scripts: `window.probes` reads what the page really shows and plays.
 * It watches RTCPeerConnection from outside, so the product carries no code for its test.
 */
export function installProbes() {
  const connections = [];
  const born = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      connections.push(this);
      born.push(performance.now());
    }
  };
  const alive = () => connections.filter((connection) => connection.connectionState !== 'closed');

  // Reads the strip of cells that media.mjs burnt in; null when the picture carries none.
  const [cells, cell] = [16, 8];
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [cells * cell, cell];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const readStrip = (video) => {
    if (!video.videoWidth) return null;
    context.drawImage(video, 0, 0, video.videoWidth, video.videoWidth / cells, 0, 0, canvas.width, cell);
    const row = context.getImageData(0, cell / 2, canvas.width, 1).data;
    const bits = [];
    for (let i = 0; i < cells; i++) {
      const at = 4 * (i * cell + cell / 2);
      const light = (row[at] + row[at + 1] + row[at + 2]) / 3;
      if (light > 90 && light < 165) return null;
      bits.push(light >= 165 ? 1 : 0);
    }
    if (bits[0] !== 1 || bits[1] !== 0) return null;
    if (bits.slice(2).reduce((sum, bit) => sum ^ bit, 0) !== 0) return null;
    const number = (from, count) => bits.slice(from, from + count).reduce((sum, bit, k) => sum + (bit << k), 0);
    return { frame: number(2, 10), camera: number(12, 3) };
  };

  const meters = new Map();
  const loudness = (track) => {
    if (!meters.has(track.id)) {
      const audio = new AudioContext();
      const analyser = audio.createAnalyser();
      analyser.fftSize = 2048;
      audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      meters.set(track.id, { audio, analyser, samples: new Float32Array(2048) });
    }
    const { audio, analyser, samples } = meters.get(track.id);
    if (audio.state === 'suspended') audio.resume();
    analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  };

  window.probes = {
    /** Every video element of the page that shows a camera of the test: `[{testid, camera, frame, width}]`. */
    pictures() {
      return [...document.querySelectorAll('video')]
        .filter((video) => video.offsetParent !== null || video.checkVisibility?.())
        .map((video) => ({ testid: video.dataset.testid ?? video.closest('[data-testid]')?.dataset.testid, width: video.videoWidth, strip: readStrip(video) }))
        .filter((picture) => picture.strip)
        .map(({ testid, width, strip }) => ({ testid, width, ...strip }));
    },
    /** Loudest received microphone now, RMS 0…1. */
    loudness() {
      const tracks = alive().flatMap((connection) => connection.getReceivers()).map((receiver) => receiver.track)
        .filter((track) => track?.kind === 'audio' && !track.muted && track.readyState === 'live');
      return Math.max(0, ...tracks.map(loudness));
    },
    /** Received and sent RTP of all connections. */
    async rtp() {
      const [inbound, outbound] = [[], []];
      for (const connection of alive()) {
        for (const report of (await connection.getStats()).values()) {
          if (report.type === 'inbound-rtp') inbound.push({ kind: report.kind, mid: report.mid, ssrc: report.ssrc, framesDecoded: report.framesDecoded ?? 0, framesReceived: report.framesReceived ?? 0, framesDropped: report.framesDropped ?? 0, packetsReceived: report.packetsReceived, packetsLost: report.packetsLost, freezeCount: report.freezeCount ?? 0, frameWidth: report.frameWidth, energy: report.totalAudioEnergy ?? 0, seconds: report.totalSamplesDuration ?? 0 });
          if (report.type === 'outbound-rtp') outbound.push({ kind: report.kind, rid: report.rid, framesEncoded: report.framesEncoded ?? 0, packetsSent: report.packetsSent, frameWidth: report.frameWidth, framesPerSecond: report.framesPerSecond });
        }
      }
      return { inbound, outbound };
    },
    /** The protocol of each connection's selected candidate pair. */
    async transports() {
      const protocols = [];
      for (const connection of alive()) {
        const reports = await connection.getStats();
        const transport = [...reports.values()].find((report) => report.type === 'transport' && report.selectedCandidatePairId);
        const remote = transport && reports.get(reports.get(transport.selectedCandidatePairId)?.remoteCandidateId);
        if (remote) protocols.push(remote.protocol);
      }
      return protocols;
    },
    connectionStates: () => connections.map((connection) => connection.connectionState),
    /** When each RTCPeerConnection was made, in ms of performance.now(). */
    connectionBirths: () => [...born],
  };
}
