// Which simulcast layers a camera of a given size is sent with.

export interface Layers {
  /** Bits per second of the sizes l (a quarter of width and height), m (half) and h (all of it). */
  l: number;
  m: number;
  h: number;
}

/**
 * Chromium sends at most two layers below 960×540 and one below 480×270, and then drops the *largest*. So the layers are
 * chosen here: the whole picture is always among them.
 */
const THREE_LAYERS_PIXELS = 960 * 540;
const TWO_LAYERS_PIXELS = 480 * 270;

/** Encodings for a camera of `width` × `height`; three when the size is not known yet. */
export function cameraEncodings(layers: Layers, width?: number, height?: number): RTCRtpEncodingParameters[] {
  const all: RTCRtpEncodingParameters[] = [
    { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: layers.l },
    { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: layers.m },
    { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: layers.h },
  ];
  if (width === undefined || height === undefined) return all;
  const pixels = width * height;
  if (pixels >= THREE_LAYERS_PIXELS) return all;
  return pixels >= TWO_LAYERS_PIXELS ? all.slice(1) : all.slice(2);
}
