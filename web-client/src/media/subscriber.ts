// What a page receives: one track a slot, negotiated once. What feeds a slot is the server's business.

import type { VideoCodec } from '../protocol/types';
import { preferCodec, preferOpus } from './codecs';

/** `audio0`… are voices, everything else is a picture. */
export function isVoice(slot: string): boolean {
  return slot.startsWith('audio');
}

export class Subscriber {
  private tracks = new Map<string, MediaStreamTrack>();
  slots: readonly string[] = [];
  codec: VideoCodec = 'h264';

  constructor(private readonly changed: () => void) {}

  /** One m-line a slot, pictures first: the server fills each kind in the order of the slots. */
  build(peer: RTCPeerConnection): void {
    for (const slot of this.slots) {
      const voice = isVoice(slot);
      const transceiver = peer.addTransceiver(voice ? 'audio' : 'video', { direction: 'recvonly' });
      // Twenty m-lines of every codec a browser knows would make an offer of 100 kB.
      if (voice) preferOpus(transceiver);
      else preferCodec(transceiver, this.codec);
    }
  }

  answered(peer: RTCPeerConnection): void {
    const transceivers = peer.getTransceivers();
    this.tracks = new Map();
    this.slots.forEach((slot, index) => {
      const track = transceivers[index]?.receiver.track;
      if (track !== undefined) this.tracks.set(slot, track);
    });
    this.changed();
  }

  /** Stays the same object until the connection is made anew; an ended track keeps its last picture. */
  track(slot: string): MediaStreamTrack | null {
    return this.tracks.get(slot) ?? null;
  }

  voices(): MediaStreamTrack[] {
    return this.slots
      .filter(isVoice)
      .map((slot) => this.tracks.get(slot))
      .filter((track) => track !== undefined);
  }

  forget(): void {
    this.tracks = new Map();
    this.changed();
  }
}
