import { expect, it } from 'vitest';
import { codesOf, speaking } from '../../../dev/speaking';
import type { JobFailure } from '../../protocol/types';

const load = () => import('./failure');

it('says every failure of the server in both languages', async () => {
  const [zh, en] = [await speaking('zh', load), await speaking('en', load)];
  const codes = await codesOf('JobTrouble');
  expect(codes.length).toBeGreaterThan(3);
  for (const code of codes) {
    const failure = { code, times: 3, text: '?' } as JobFailure;
    expect(zh.failureSentence(failure)).toMatch(/^[^?a-z]+。$/);
    expect(en.failureSentence(failure)).toMatch(/^[A-Z][^?\u4e00-\u9fff]+\.$/);
  }
  expect(zh.failureSentence({ code: 'interrupted', times: 3, text: '' })).toContain('中断了 3 次');
});

it('says a failure that it does not know in the server’s words', async () => {
  const { failureSentence } = await speaking('zh', load);
  expect(failureSentence({ code: 'moon', text: 'the moon is full' } as unknown as JobFailure)).toBe(
    'the moon is full',
  );
});
