// Why a recording could not be composed: what happened, what became of it, what to do.
import type { JobFailure } from '../../protocol/types';
import { words } from '../../words/language';

type Says = { [Code in JobFailure['code']]: (failure: Extract<JobFailure, { code: Code }>) => string };

const says = words<Says>(
  {
    nothing_captured: () => '上课时没有录到画面和声音，所以没有录像。下次上课请看看录制灯有没有亮。',
    unreadable: () => '录下的文件读不出来。请重试一次；还不行，请技术人员检查录像的磁盘。',
    disk_full: () => '磁盘满了。录下的内容还在。请技术人员腾出空间，再按“重试”。',
    disk_failing: () => '磁盘出错，合成的文件不完整。录下的内容还在。请技术人员检查磁盘，再按“重试”。',
    media_failed: () =>
      '处理声音和画面时出了错。录下的内容还在。请重试一次；还不行，请把后面的小字告诉技术人员。',
    interrupted: ({ times }) =>
      `合成时录像服务中断了 ${times} 次。录下的内容还在。请技术人员看看服务器，再按“重试”。`,
    killed: () => '合成被中途停掉了，多半是服务器内存不够。录下的内容还在。请等服务器不忙的时候再按“重试”。',
    took_too_long: () => '合成用的时间太长，已经停下。录下的内容还在。请等服务器不忙的时候再按“重试”。',
    crashed: () => '合成程序出错退出了。录下的内容还在。请重试一次；还不行，请把后面的小字告诉技术人员。',
    other: () => '合成没有做完。录下的内容还在。请重试一次；还不行，请把后面的小字告诉技术人员。',
  },
  {
    nothing_captured: () =>
      'No picture and no sound came during the lesson, so there is nothing to watch. Next time look whether the record light is on.',
    unreadable: () =>
      'The recorded files cannot be read. Try again; if it fails, ask IT to look at the disk.',
    disk_full: () => 'The disk is full. What was recorded is safe. Ask IT to make room, then try again.',
    disk_failing: () =>
      'The disk fails, so what was made is not whole. What was recorded is still there. Ask IT to look at the disk, then try again.',
    media_failed: () =>
      'Sound or picture could not be processed. What was recorded is safe. Try again; if it fails, give IT the small words behind this.',
    interrupted: ({ times }) =>
      `The recorder stopped ${times} times under it. What was recorded is safe. Ask IT to look at the server, then try again.`,
    killed: () =>
      'It was stopped half-way, probably because the server ran out of memory. What was recorded is safe. Try again when the server is less busy.',
    took_too_long: () =>
      'It took too long and was stopped. What was recorded is safe. Try again when the server is less busy.',
    crashed: () =>
      'The program that makes the recording crashed. What was recorded is safe. Try again; if it fails, give IT the small words behind this.',
    other: () =>
      'It was not finished. What was recorded is safe. Try again; if it fails, give IT the small words behind this.',
  },
);

/** The failure as a sentence; one that this page does not know yet in the server's own words. */
export function failureSentence(failure: JobFailure): string {
  const say = says[failure.code] as ((failure: JobFailure) => string) | undefined;
  return say?.(failure) ?? failure.text;
}
