// What a page sends: fixed m-lines microphone, camera (three sizes), board. Tracks are exchanged, never renegotiated.
import type { Source, VideoCodec } from '../protocol/types';
import { preferCodec } from './codecs';
import { cameraEncodings, type Layers } from './encodings';

/** A teacher's 720p camera. */
export const TEACHER_LAYERS: Layers = { l: 150_000, m: 500_000, h: 2_000_000 };

/** A classroom's camera with its sound fits a village site's 0.85 Mbit/s uplink. */
export const CLASSROOM_LAYERS: Layers = { l: 90_000, m: 210_000, h: 500_000 };

/** Slides move little; sharpness is worth more than frames. */
const BOARD_BPS = 1_500_000;

export class Publisher {
  private tracks = new Map<Source, MediaStreamTrack>();
  private senders = new Map<Source, RTCRtpSender>();
  /** One stream, so that microphone and camera belong together. */
  private readonly stream = new MediaStream();
  codec: VideoCodec = 'h264';

  constructor(
    private readonly sources: readonly Source[],
    private readonly layers: Layers,
  ) {}

  /** From now on this track is sent; null sends nothing. */
  setTrack(source: Source, track: MediaStreamTrack | null): void {
    if (track === null) this.tracks.delete(source);
    else this.tracks.set(source, track);
    // Refused only for a closed connection; the next one is built with the new track.
    void this.senders
      .get(source)
      ?.replaceTrack(track)
      .catch(() => undefined);
  }

  track(source: Source): MediaStreamTrack | null {
    return this.tracks.get(source) ?? null;
  }

  build(peer: RTCPeerConnection): void {
    this.senders.clear();
    for (const source of this.sources) {
      const transceiver = peer.addTransceiver(this.tracks.get(source) ?? kindOf(source), {
        direction: 'sendonly',
        streams: [this.stream],
        sendEncodings: this.encodings(source),
      });
      if (source !== 'microphone') preferCodec(transceiver, this.codec);
      this.senders.set(source, transceiver.sender);
    }
  }

  answered(): void {
    const board = this.senders.get('board');
    if (board === undefined) return;
    const parameters = board.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    void board.setParameters(parameters).catch(() => undefined);
  }

  private encodings(source: Source): RTCRtpEncodingParameters[] {
    if (source === 'board') return [{ maxBitrate: BOARD_BPS }];
    if (source === 'microphone') return [{}];
    const { width, height } = this.tracks.get('camera')?.getSettings() ?? {};
    return cameraEncodings(this.layers, width, height);
  }
}

function kindOf(source: Source): 'audio' | 'video' {
  return source === 'microphone' ? 'audio' : 'video';
}
