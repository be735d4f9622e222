import { expect, it } from 'vitest';
import { invitationOf, refusalOf } from './SignInPage';
import { text } from './words';

it('says why the provider let nobody in, whichever word it is', () => {
  for (const word of ['stale', 'cancelled', 'provider', 'no_role', 'shut_out'] as const) {
    expect(refusalOf(`refused.${word}`)).toBe(text.refused[word]);
  }
  expect(refusalOf('refused.something_new')).toBe(text.refused.provider);
  expect(refusalOf('refused.toString')).toBe(text.refused.provider);
  expect(refusalOf('invitation.abc')).toBeNull();
  expect(refusalOf(null)).toBeNull();
  expect(invitationOf('refused.stale')).toBeNull();
});
