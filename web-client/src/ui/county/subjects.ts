// Subjects: a colour each, always beside the word, and the word in both languages. Data says subjects in Chinese.
import { language } from '../../words/language';

interface Look {
  /** Behind the words; the ink stays dark, so each is light enough for 7:1. */
  ground: string;
  /** The edge. */
  edge: string;
}

const LOOKS: Look[] = [
  { ground: '#fbe9e4', edge: '#b4543a' },
  { ground: '#e4eefb', edge: '#3568a8' },
  { ground: '#efe8fa', edge: '#7551a8' },
  { ground: '#fdf0d5', edge: '#a8741a' },
  { ground: '#fce6f0', edge: '#ad4478' },
  { ground: '#e3f4e6', edge: '#3c8048' },
  { ground: '#dff3f3', edge: '#1f7f86' },
  { ground: '#f1ece4', edge: '#7d6a4c' },
  { ground: '#e6e9f0', edge: '#55607a' },
  { ground: '#eef5d8', edge: '#6b7f1e' },
];

const KNOWN: readonly (readonly [string, string])[] = [
  ['语文', 'Chinese'],
  ['数学', 'Maths'],
  ['英语', 'English'],
  ['音乐', 'Music'],
  ['美术', 'Art'],
  ['体育与健康', 'PE and health'],
  ['科学', 'Science'],
  ['道德与法治', 'Morality and law'],
  ['信息科技', 'Information technology'],
  ['劳动', 'Labour'],
  ['体育', 'PE'],
  ['物理', 'Physics'],
  ['化学', 'Chemistry'],
  ['生物学', 'Biology'],
  ['历史', 'History'],
  ['地理', 'Geography'],
  ['综合实践活动', 'Integrated practice'],
  ['书法', 'Calligraphy'],
];

/** What is offered when a subject is typed. */
export const SUBJECTS = KNOWN.map(([subject]) => subject);

const ENGLISH = new Map(KNOWN);

/** The subject's word in the page's language; one we do not know stays as it is. */
export function subjectWord(subject: string): string {
  return language === 'zh' ? subject : (ENGLISH.get(subject) ?? subject);
}

/** The same subject always has the same colours. */
export function subjectLook(subject: string): Look {
  const known = KNOWN.findIndex(([one]) => one === subject);
  let at = known;
  if (known === -1) {
    at = 0;
    for (const letter of subject) at = (at * 31 + (letter.codePointAt(0) ?? 0)) % 9_973;
  }
  // The list is never empty.
  return LOOKS[at % LOOKS.length] as Look;
}
