// Plays the voice slots, and says when the browser wants a touch first (autoplay).

export class Voices {
  private players = new Map<MediaStreamTrack, HTMLAudioElement>();
  private blocked = false;

  constructor(private readonly onBlocked: (blocked: boolean) => void) {}

  play(tracks: readonly MediaStreamTrack[]): void {
    for (const [track, player] of this.players) {
      if (tracks.includes(track)) continue;
      player.srcObject = null;
      player.remove();
      this.players.delete(track);
    }
    for (const track of tracks) {
      if (this.players.has(track)) continue;
      const player = document.createElement('audio');
      player.srcObject = new MediaStream([track]);
      document.body.append(player);
      this.players.set(track, player);
    }
    void this.retry();
  }

  /** Again after a touch or key. */
  async retry(): Promise<void> {
    const results = await Promise.allSettled([...this.players.values()].map((player) => player.play()));
    const blocked = results.some(
      (result) =>
        result.status === 'rejected' &&
        result.reason instanceof DOMException &&
        result.reason.name === 'NotAllowedError',
    );
    if (blocked !== this.blocked) {
      this.blocked = blocked;
      this.onBlocked(blocked);
    }
  }

  close(): void {
    this.play([]);
  }
}
