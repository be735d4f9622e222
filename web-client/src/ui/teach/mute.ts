// Is the teacher's microphone off? What the person pressed counts until the server agrees or refuses.
//
// In doubt the answer is "off": a microphone that is on while the button says "muted" is the one thing that must not be.
import type { Outcome } from '../../session/session';

export class MuteSwitch {
  /** What was pressed and is not yet what the server says. */
  private pressed: boolean | null = null;
  private answered = true;
  private presses = 0;

  /** What the button shows and the microphone obeys. */
  isMuted(onServer: boolean): boolean {
    return this.pressed ?? onServer;
  }

  /** Gives the number to settle this press with. */
  press(muted: boolean): number {
    this.pressed = muted;
    this.answered = false;
    this.presses += 1;
    return this.presses;
  }

  settle(press: number, outcome: Outcome): void {
    // A later press has the word now.
    if (press !== this.presses) return;
    this.answered = true;
    if (outcome.kind === 'refused') this.pressed = null;
    // Unanswered: a microphone that was switched off stays off; one that was to be on is as the server last said.
    else if (outcome.kind === 'unanswered' && this.pressed === false) this.pressed = null;
  }

  /** The server's word, whenever it says the lesson. */
  hears(onServer: boolean): void {
    if (this.answered && this.pressed === onServer) this.pressed = null;
  }
}
