import { expect, it } from 'vitest';
import { speaking } from '../../../dev/speaking';

const load = () => import('./words');

it('says that the browser has no codec for the lesson: why, what still works, what to do', async () => {
  const [zh, en] = [await speaking('zh', load), await speaking('en', load)];
  expect(zh.text.noCodec).toMatch(/浏览器.*H\.264.*听和说.*Chrome.*VP8/);
  expect(en.text.noCodec).toMatch(/browser.*H\.264.*hear and speak.*Chrome.*VP8/);
});
