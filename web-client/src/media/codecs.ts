// The one video codec of a lesson, as codec preferences of a transceiver.
import type { VideoCodec } from '../protocol/types';

/** What the preferences are chosen from; a subset of RTCRtpCodec. */
export interface Capability {
  mimeType: string;
  sdpFmtpLine?: string;
}

function isCodec(codec: VideoCodec, { mimeType, sdpFmtpLine = '' }: Capability): boolean {
  const type = mimeType.toLowerCase();
  if (codec === 'vp8') return type === 'video/vp8';
  // Constrained baseline (RFC 6184 §8.1: 42e0xx or 42c0xx) with packetization-mode 1, which every decoder has.
  return (
    type === 'video/h264' &&
    /packetization-mode=1/.test(sdpFmtpLine) &&
    /profile-level-id=42[ec]0/i.test(sdpFmtpLine)
  );
}

/** The lesson's codec and its retransmissions, nothing else; empty if the browser does not have it. */
export function preferences<C extends Capability>(codec: VideoCodec, all: C[]): C[] {
  const wanted = all.filter((capability) => isCodec(codec, capability));
  if (wanted.length === 0) return [];
  return wanted.concat(all.filter((capability) => capability.mimeType.toLowerCase() === 'video/rtx'));
}

/** Can this browser show the lesson's pictures? A Firefox without H.264 cannot. */
export function canReceive(codec: VideoCodec): boolean {
  const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  return all.some((capability) => isCodec(codec, capability));
}

/** Makes a transceiver offer the lesson's codec only. */
export function preferCodec(transceiver: RTCRtpTransceiver, codec: VideoCodec): void {
  const wanted = preferences(codec, RTCRtpReceiver.getCapabilities('video')?.codecs ?? []);
  if (wanted.length > 0) transceiver.setCodecPreferences(wanted);
}

/** Voices are Opus only. */
export function preferOpus(transceiver: RTCRtpTransceiver): void {
  const all = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
  const wanted = all.filter((capability) => capability.mimeType.toLowerCase() === 'audio/opus');
  if (wanted.length > 0) transceiver.setCodecPreferences(wanted);
}
