// One media connection (WHIP or WHEP) that keeps itself up: offer, ICE restart on trouble, anew when that fails.
//
// In: where to connect (or nothing) and when the network changed. Out: the link's state and each fresh peer connection.
import { deleteSession, patchRestart, postOffer } from '../protocol/whip';
import { backoffMs } from '../session/backoff';
import { answerAfterRestart, restartFragment } from './fragment';

/** A broken path often mends itself within this (RFC 7675 consent is asked every 5 s); then ICE is restarted. */
const PATIENCE_MS = 2_500;

/** Longest wait for a path after an answer; then everything is made anew. */
const CONNECT_MS = 6_000;

/** The same where the answer names STUN or TURN servers that the offer was made without: the next attempt goes through them. */
const CONNECT_WITHOUT_SERVERS_MS = 2_000;

export interface Target {
  url: string;
  token: string;
  /** Another epoch: the server has forgotten every session. */
  epoch: number;
}

export type LinkState =
  | { kind: 'idle' }
  | { kind: 'connecting'; attempts: number }
  | { kind: 'up' }
  /** Was up; ICE is being restarted, the last picture stays. */
  | { kind: 'repairing' };

export interface LinkPlan {
  /** Adds the fixed m-lines. */
  build(peer: RTCPeerConnection): void;
  /** The server has answered: senders and receivers are what they stay. */
  answered(peer: RTCPeerConnection): void;
  /** The token was not accepted; `use` brings a fresh one. */
  needToken(): void;
  changed(state: LinkState): void;
}

interface Open {
  peer: RTCPeerConnection;
  url: string | null;
  answer: string;
}

export class MediaLink {
  private target: Target | null = null;
  private open: Open | null = null;
  private state: LinkState = { kind: 'idle' };
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** As the server last named them; a peer connection must know them before it makes its offer. */
  private iceServers: RTCIceServer[] = [];

  constructor(private readonly plan: LinkPlan) {}

  get peer(): RTCPeerConnection | null {
    return this.open?.peer ?? null;
  }

  getState(): LinkState {
    return this.state;
  }

  /** Connects, keeps what stands, or (with null) leaves. */
  use(target: Target | null): void {
    const before = this.target;
    this.target = target;
    if (target === null) {
      this.close(before?.token ?? null);
      this.attempts = 0;
      this.become({ kind: 'idle' });
    } else if (before === null || before.epoch !== target.epoch || before.url !== target.url) {
      // A session of another epoch is gone already; there is nobody to say goodbye to.
      this.close(before !== null && before.epoch === target.epoch ? before.token : null);
      this.attempts = 0;
      void this.connect(target);
    } else if (this.open === null && before.token !== target.token) {
      // Was waiting to try again, perhaps for this very token.
      void this.connect(target);
    }
  }

  /** The device has another network now: the old path is likely dead though nothing says so yet. */
  networkChanged(): void {
    if (this.open === null && this.target !== null && this.state.kind === 'connecting') {
      void this.connect(this.target);
    } else if (this.state.kind === 'up' || this.state.kind === 'repairing') void this.restart();
  }

  private async connect(target: Target): Promise<void> {
    this.close(null);
    this.attempts += 1;
    this.become({ kind: 'connecting', attempts: this.attempts });
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: this.iceServers });
    const open: Open = { peer, url: null, answer: '' };
    this.open = open;
    peer.onconnectionstatechange = () => this.watch(open);
    try {
      this.plan.build(peer);
      await peer.setLocalDescription();
      // The server is ICE-lite and learns our address from the first check: nothing to gather, nothing to trickle.
      const posted = await postOffer(target.url, target.token, peer.localDescription?.sdp ?? '');
      if (this.open !== open) {
        if (posted.ok) deleteSession(posted.value.url, this.target?.token ?? target.token);
        return;
      }
      if (!posted.ok) {
        const { failure } = posted;
        this.close(null);
        const refused = failure.kind === 'refused' ? failure : null;
        this.retry(refused?.retryAfterS == null ? 0 : refused.retryAfterS * 1000);
        if (refused !== null && [401, 403].includes(refused.problem.status)) this.plan.needToken();
        return;
      }
      open.url = posted.value.url;
      open.answer = posted.value.answer;
      const { iceServers } = posted.value;
      const hadThem = JSON.stringify(iceServers) === JSON.stringify(this.iceServers);
      this.iceServers = iceServers;
      await peer.setRemoteDescription({ type: 'answer', sdp: open.answer });
      if (this.open !== open) return;
      this.plan.answered(peer);
      this.after(hadThem ? CONNECT_MS : CONNECT_WITHOUT_SERVERS_MS, () => this.anew());
      this.watch(open);
    } catch (error) {
      // An answer the browser refuses, or a browser that refuses the offer: trying again may meet a mended server.
      console.warn('media:', error);
      if (this.open === open) this.anew();
    }
  }

  private watch(open: Open): void {
    if (this.open !== open) return;
    switch (open.peer.connectionState) {
      case 'connected':
        this.attempts = 0;
        this.stopTimer();
        this.become({ kind: 'up' });
        break;
      case 'disconnected':
        this.become({ kind: 'repairing' });
        this.after(PATIENCE_MS, () => void this.restart());
        break;
      case 'failed':
        if (this.state.kind === 'up') void this.restart();
        else this.anew();
        break;
      default:
        break;
    }
  }

  /** ICE restart: new credentials for the same DTLS session, so that the picture goes on where it stopped. */
  private async restart(): Promise<void> {
    const { open, target } = this;
    if (open === null || open.url === null || target === null) return;
    this.become({ kind: 'repairing' });
    this.after(CONNECT_MS, () => this.anew());
    try {
      const offer = await open.peer.createOffer({ iceRestart: true });
      await open.peer.setLocalDescription(offer);
      const fragment = restartFragment(open.peer.localDescription?.sdp ?? '');
      if (fragment === null || this.open !== open) return;
      const patched = await patchRestart(open.url, target.token, fragment);
      if (this.open !== open) return;
      const answer = patched.ok ? answerAfterRestart(open.answer, patched.value) : null;
      if (answer === null) {
        this.anew();
        return;
      }
      open.answer = answer;
      await open.peer.setRemoteDescription({ type: 'answer', sdp: answer });
      // A path that never broke changes no state; a broken one says so when the new one stands.
      if (open.peer.connectionState === 'connected') this.watch(open);
    } catch (error) {
      console.warn('media:', error);
      if (this.open === open) this.anew();
    }
  }

  private anew(): void {
    this.close(this.target?.token ?? null);
    this.retry(0);
  }

  private retry(atLeastMs: number): void {
    if (this.target === null) return;
    this.become({ kind: 'connecting', attempts: this.attempts });
    this.after(Math.max(atLeastMs, backoffMs(Math.max(1, this.attempts), Math.random())), () => {
      if (this.target !== null) void this.connect(this.target);
    });
  }

  private close(goodbyeWith: string | null): void {
    this.stopTimer();
    const open = this.open;
    this.open = null;
    if (open === null) return;
    open.peer.onconnectionstatechange = null;
    open.peer.close();
    if (open.url !== null && goodbyeWith !== null) deleteSession(open.url, goodbyeWith);
  }

  private become(state: LinkState): void {
    this.state = state;
    this.plan.changed(state);
  }

  private after(ms: number, what: () => void): void {
    this.stopTimer();
    this.timer = setTimeout(what, ms);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
