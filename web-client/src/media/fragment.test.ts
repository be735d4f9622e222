import { describe, expect, it } from 'vitest';
import { answerAfterRestart, restartFragment } from './fragment';

const offer = [
  'v=0',
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:new1',
  'a=ice-pwd:newpassword',
  'a=mid:0',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
  '',
].join('\r\n');

describe('an ICE restart', () => {
  it('names the new credentials under the first m-line of the bundle', () => {
    expect(restartFragment(offer)).toBe(
      'a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:new1\r\na=ice-pwd:newpassword\r\n',
    );
  });

  it('puts the server credentials into every m-line of the old answer, and its candidates', () => {
    const answer =
      'v=0\r\nm=audio 9 X 111\r\na=ice-ufrag:old\r\na=ice-pwd:oldpw\r\na=candidate:1 old\r\na=mid:0\r\nm=video 9 X 96\r\na=ice-ufrag:old\r\na=ice-pwd:oldpw\r\na=mid:1\r\n';
    const renewed = answerAfterRestart(
      answer,
      'a=ice-ufrag:fresh\r\na=ice-pwd:freshpw\r\na=candidate:1 new\r\n',
    );
    expect(renewed).not.toContain('old');
    expect(renewed?.match(/a=ice-ufrag:fresh/g)?.length).toBe(2);
    expect(renewed).toContain('a=candidate:1 new');
  });

  it('is not attempted with a fragment that has no credentials', () => {
    expect(answerAfterRestart('v=0', '')).toBeNull();
    expect(restartFragment('v=0')).toBeNull();
  });
});
