// Feeds a video element from an HLS playlist: hls.js where Media Source works, the browser itself elsewhere.
import Hls from 'hls.js';

/** Network faults are tried again this often before the person is told. */
const MAX_RECOVERIES = 3;

export function playStream(
  video: HTMLVideoElement,
  url: string,
  startS: number,
  broken: () => void,
): () => void {
  if (!Hls.isSupported()) {
    video.src = url;
    video.currentTime = startS;
    video.addEventListener('error', broken);
    return () => {
      video.removeEventListener('error', broken);
      video.removeAttribute('src');
      video.load();
    };
  }
  let recoveries = 0;
  const hls = new Hls({ startPosition: startS, capLevelToPlayerSize: true });
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    recoveries += 1;
    if (recoveries > MAX_RECOVERIES) broken();
    else if (data.type === Hls.ErrorTypes.NETWORK_ERROR) hls.startLoad();
    else if (data.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else broken();
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return () => hls.destroy();
}
