// The HTTP of WHIP (RFC 9725) and WHEP: offer, ICE restart, leaving. Second half of the fetch boundary; nothing throws.
import { readIceServers } from './ice_servers';
import { failed, type Result, readProblem, retryAfter, success } from './result';

/** Longest wait for an answer to an offer; the link then tries again. */
const TIMEOUT_MS = 6_000;

const FRAGMENT = 'application/trickle-ice-sdpfrag';

export interface MediaSession {
  /** The session's own address, from `Location`. */
  url: string;
  answer: string;
  /** STUN and TURN servers the server names (RFC 9725 §4.6). */
  iceServers: RTCIceServer[];
}

async function ask(
  method: string,
  url: string,
  token: string,
  headers: Record<string, string>,
  body: string | null,
): Promise<Result<Response>> {
  try {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
      cache: 'no-store',
      credentials: 'omit',
      keepalive: method === 'DELETE',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return success(response);
    const problem = readProblem(response.status, response.headers.get('content-type'), await response.text());
    return failed({ kind: 'refused', problem, retryAfterS: retryAfter(response.headers) });
  } catch {
    return failed({ kind: 'offline' });
  }
}

/** RFC 9725 §4.2: the offer makes a session. */
export async function postOffer(url: string, token: string, offer: string): Promise<Result<MediaSession>> {
  const asked = await ask('POST', url, token, { 'content-type': 'application/sdp' }, offer);
  if (!asked.ok) return asked;
  const location = asked.value.headers.get('location');
  const answer = await asked.value.text().catch(() => '');
  if (location === null || !answer.startsWith('v=0')) return failed({ kind: 'offline' });
  // Relative to where the request ended (RFC 9110 §10.2.2).
  const iceServers = readIceServers(asked.value.headers.get('link'));
  return success({ url: new URL(location, asked.value.url || url).href, answer, iceServers });
}

/** RFC 9725 §4.3.3: an ICE restart replaces whatever ICE session there is, hence `If-Match: *`. */
export async function patchRestart(url: string, token: string, fragment: string): Promise<Result<string>> {
  const headers = { 'content-type': FRAGMENT, 'if-match': '*' };
  const asked = await ask('PATCH', url, token, headers, fragment);
  if (!asked.ok) return asked;
  return success(await asked.value.text().catch(() => ''));
}

/** Leaves. Nobody waits for the answer: an unanswered session ends by its own timeout. */
export function deleteSession(url: string, token: string): void {
  void ask('DELETE', url, token, {}, null);
}
