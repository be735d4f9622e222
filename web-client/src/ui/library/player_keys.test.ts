import { expect, it } from 'vitest';
import { actOf } from './player_keys';

it('knows every key of the player', () => {
  expect([' ', 'k', 'K'].map(actOf)).toEqual(Array(3).fill({ kind: 'toggle' }));
  expect(actOf('ArrowLeft')).toEqual({ kind: 'by', seconds: -5 });
  expect(actOf('l')).toEqual({ kind: 'by', seconds: 10 });
  expect(actOf('7')).toEqual({ kind: 'to', fraction: 0.7 });
  expect(actOf('f')).toEqual({ kind: 'full' });
  expect(actOf('m')).toEqual({ kind: 'mute' });
  expect(actOf('x')).toBeNull();
});
