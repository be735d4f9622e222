// What a key does to the player: pure, so that every key is tested.

export type PlayerAct =
  | { kind: 'toggle' }
  | { kind: 'by'; seconds: number }
  | { kind: 'to'; fraction: number }
  | { kind: 'volume'; by: number }
  | { kind: 'mute' }
  | { kind: 'full' };

export function actOf(key: string): PlayerAct | null {
  switch (key.toLowerCase()) {
    case ' ':
    case 'k':
      return { kind: 'toggle' };
    case 'arrowleft':
      return { kind: 'by', seconds: -5 };
    case 'arrowright':
      return { kind: 'by', seconds: 5 };
    case 'j':
      return { kind: 'by', seconds: -10 };
    case 'l':
      return { kind: 'by', seconds: 10 };
    case 'arrowup':
      return { kind: 'volume', by: 0.1 };
    case 'arrowdown':
      return { kind: 'volume', by: -0.1 };
    case 'm':
      return { kind: 'mute' };
    case 'f':
      return { kind: 'full' };
    case 'home':
      return { kind: 'to', fraction: 0 };
    default:
      return /^[0-9]$/.test(key) ? { kind: 'to', fraction: Number(key) / 10 } : null;
  }
}
