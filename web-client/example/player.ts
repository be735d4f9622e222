// The smallest WHEP player for our server: one offer, one answer, one picture, one voice. Fill in the
// address and token that `tongtang lesson show --json` prints.
export {};

const form = document.getElementById('form') as HTMLFormElement;
const video = document.getElementById('video') as HTMLVideoElement;
const state = document.getElementById('state') as HTMLElement;

async function play(url: string, token: string): Promise<() => void> {
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const stream = new MediaStream();
  video.srcObject = stream;
  peer.ontrack = (event) => stream.addTrack(event.track);
  peer.onconnectionstatechange = () => {
    state.textContent = peer.connectionState;
  };
  // One m-line a slot, in the order of `slots`: pictures first, then voices.
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  await peer.setLocalDescription();

  // The server is ICE-lite: it answers at once with its own address and learns ours from the first check.
  const authorization = `Bearer ${token}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization },
    body: peer.localDescription?.sdp ?? '',
  });
  if (response.status !== 201) {
    peer.close();
    throw new Error(`${response.status}: ${await response.text()}`);
  }
  await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });

  const session = new URL(response.headers.get('location') ?? '', new URL(url, location.href));
  return () => {
    peer.close();
    void fetch(session, { method: 'DELETE', headers: { authorization }, keepalive: true });
  };
}

let stop: (() => void) | null = null;
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  stop?.();
  const fields = new FormData(form);
  try {
    stop = await play(String(fields.get('url')), String(fields.get('token')));
  } catch (error) {
    state.textContent = String(error);
  }
});
window.addEventListener('pagehide', () => stop?.());
