// A moving picture that never goes black by itself: while its track is replaced, the last frame stays in front.

export class PictureView {
  readonly element: HTMLDivElement;
  private readonly video: HTMLVideoElement;
  private still: HTMLCanvasElement | null = null;
  private track: MediaStreamTrack | null = null;
  /** True once a frame of the present track was shown. */
  private live = false;

  constructor(
    label: string,
    private readonly onLive: (live: boolean) => void = () => undefined,
  ) {
    this.element = document.createElement('div');
    this.element.className = 'picture';
    this.video = document.createElement('video');
    this.video.autoplay = true;
    this.video.playsInline = true;
    // Pictures carry no sound (voices are slots of their own), so no browser keeps them from playing.
    this.video.muted = true;
    this.video.disablePictureInPicture = true;
    this.element.append(this.video);
    this.label(label);
  }

  label(text: string): void {
    this.video.setAttribute('aria-label', text);
  }

  show(track: MediaStreamTrack | null): void {
    if (track === this.track) return;
    this.keepStill();
    this.track = track;
    if (this.live) this.onLive(false);
    this.live = false;
    if (track === null) {
      this.video.srcObject = null;
      this.dropStill();
      return;
    }
    this.video.srcObject = new MediaStream([track]);
    void this.video.play().catch(() => undefined);
    this.onFrame(() => {
      if (this.track !== track) return;
      this.live = true;
      this.dropStill();
      this.onLive(true);
    });
  }

  close(): void {
    this.track = null;
    this.video.srcObject = null;
    this.dropStill();
    this.element.remove();
  }

  private onFrame(what: () => void): void {
    if ('requestVideoFrameCallback' in this.video) this.video.requestVideoFrameCallback(what);
    else (this.video as HTMLVideoElement).addEventListener('timeupdate', what, { once: true });
  }

  private keepStill(): void {
    const { videoWidth, videoHeight } = this.video;
    if (!this.live || videoWidth === 0) return;
    const canvas = document.createElement('canvas');
    canvas.width = videoWidth;
    canvas.height = videoHeight;
    canvas.getContext('2d')?.drawImage(this.video, 0, 0);
    this.dropStill();
    this.still = canvas;
    this.element.append(canvas);
  }

  private dropStill(): void {
    this.still?.remove();
    this.still = null;
  }
}
