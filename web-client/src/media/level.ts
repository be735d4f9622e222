// How loud a microphone is, for a bar that moves when one speaks.

/** One context for the page: browsers allow only a handful. */
let shared: AudioContext | null = null;

/** A browser may hold it back until somebody touches the page; it is woken by the first touch or key, whenever that comes. */
export function audioContext(): AudioContext {
  if (shared !== null) return shared;
  const context = new AudioContext();
  shared = context;
  const gestures = ['pointerup', 'keyup'];
  const wake = () => {
    if (context.state === 'suspended') void context.resume().catch(() => undefined);
  };
  for (const gesture of gestures) document.addEventListener(gesture, wake);
  wake();
  return context;
}

/** Does the browser let us listen and play? */
export function isAwake(): boolean {
  return audioContext().state === 'running';
}

export class LevelMeter {
  private readonly analyser: AnalyserNode;
  private readonly source: MediaStreamAudioSourceNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    const context = audioContext();
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.source.connect(this.analyser);
  }

  /** 0 silent … 1 loud, over −60…0 dBFS, as the ear hears it. */
  read(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    const decibel = 10 * Math.log10(sum / this.samples.length + 1e-10);
    return Math.min(1, Math.max(0, (decibel + 60) / 60));
  }

  close(): void {
    this.source.disconnect();
  }
}
