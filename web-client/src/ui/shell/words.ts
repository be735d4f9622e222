// Words every desk page shares.
import { words } from '../../words/language';

export const text = words(
  {
    product: '同堂',
    lessons: '课堂',
    library: '资源库',
    otherLanguage: 'English',
    offline: '连不上服务器。',
    offlineHint: '请检查网络，或请管理员看看服务器是否开着。',
    retry: '再试一次',
    notAllowed: '请先用管理员设置链接或教师链接进入。',
    copied: '已复制',
    copy: '复制',
    unknownPage: '没有这个页面',
    home: '回首页',
    signOut: '退出',
    skip: '跳到内容',
  },
  {
    product: 'Tongtang',
    lessons: 'Lessons',
    library: 'Library',
    otherLanguage: '中文',
    offline: 'The server does not answer.',
    offlineHint: 'Check the network, or ask whether the server is running.',
    retry: 'Try again',
    notAllowed: 'Enter by the administrator’s set-up link or a teacher’s link first.',
    copied: 'Copied',
    copy: 'Copy',
    unknownPage: 'There is no such page',
    home: 'Home',
    signOut: 'Sign out',
    skip: 'Skip to content',
  },
);
