// The words of the curriculum ledger.
import { weekdayWord } from '../../words/day';
import { words } from '../../words/language';

export const text = words(
  {
    title: '开齐开足',
    term: '学期',
    week: '时间',
    soFar: (weeks: number) => `开学到现在（${weeks} 周）`,
    weekNumber: (n: number) => `第 ${n} 周`,
    order: '排序',
    orders: { worst: '缺得多的在前', name: '按名称' },
    onlyShort: '只看有缺的',
    export: '导出 xlsx',
    levels: { off: '不开', full: '开足', near: '略缺', short: '缺', none: '未开' },
    off: '—',
    missing: (n: number) => `缺 ${n}`,
    planned: (n: number) => `待上 ${n}`,
    legend: '格子里是“已上 / 应上”课时。已上：本校上的和专递课到的。',
    total: '合计',
    place: { province: '市', city: '县（区）', county: '学校', school: '班级' },
    shortSoFar: '已缺',
    forecast: '学期末会缺',
    none: '这里没有班级，或还没有课程计划。',
    noneHint: '先在“学校与人员”里填班级和课程计划，台账就出来了。',
    toCounty: '去填',
    allFull: '这里都开足了。',
    noTermHint: '台账按学期算，先建学期。',
    cellLabel: (name: string, subject: string, taught: number, prescribed: number, word: string) =>
      `${name} ${subject}：已上 ${taught}，应上 ${prescribed}，${word}`,
    open: (name: string) => `看${name}`,
    behind: (name: string, subject: string) => `${name} · ${subject}`,
    sums: {
      prescribed: '应上',
      on_site: '本校上',
      delivered: '专递课到课',
      missed: '没上成',
      planned: '待上',
    },
    forecastShort: (n: number) =>
      n === 0 ? '照现在的安排，学期末能开足。' : `照现在的安排，学期末会缺 ${n} 课时。`,
    mend: '去排课补上',
    remedies: '这样能补上',
    noRemedy:
      '在现在的课表上试过了：没有能加入的结对，也没有又能教、时间又合适的老师。可以增加主讲教师，或调开本校的课。',
    join: (school: string, teacher: string, classes: number) =>
      `加入${school} ${teacher}的结对（现有 ${classes} 个班）`,
    pairAnew: (school: string, teacher: string) => `与${school} ${teacher}新结对`,
    time: (weekday: number, period: number) => `${weekdayWord(weekday)}第 ${period} 节`,
    mendsAll: (short: number) => `到学期末正好补齐 ${short} 课时`,
    mendsSome: (gives: number, short: number) => `到学期末能补 ${gives} 课时（缺 ${short}）`,
    teacherWeek: '看课表',
    seePairing: '看结对',
    remedyHint:
      '已在现在的课表上逐节试过，教师、班级、教室和网络都没有冲突。重新排课会一并考虑；只补几节，可以在课表上“加一节课”。',
    counts: { delivered: '已到课', missed: '没上成', planned: '待上', cancelled: '已取消' },
    noLessons: '这门课没有专递课：数字都是本校上的课。',
    period: (n: number) => `第 ${n} 节`,
    seeWeek: '看这一周',
  },
  {
    title: 'Curriculum',
    term: 'Term',
    week: 'When',
    soFar: (weeks: number) => `The term so far (${weeks === 1 ? '1 week' : `${weeks} weeks`})`,
    weekNumber: (n: number) => `Week ${n}`,
    order: 'Order',
    orders: { worst: 'Worst first', name: 'By name' },
    onlyShort: 'Only where something is missing',
    export: 'Export xlsx',
    levels: { off: 'not prescribed', full: 'in full', near: 'nearly', short: 'short', none: 'not taught' },
    off: '—',
    missing: (n: number) => `${n} short`,
    planned: (n: number) => `${n} to come`,
    legend:
      'A cell says periods taught / prescribed. Taught: on site, or delivered with the class in the lesson.',
    total: 'Sum',
    place: { province: 'City', city: 'County', county: 'School', school: 'Class' },
    shortSoFar: 'Short so far',
    forecast: 'Short at the end',
    none: 'There are no classes here, or no curriculum yet.',
    noneHint: 'Put in classes and the curriculum under Schools and people; the ledger follows.',
    toCounty: 'Go there',
    allFull: 'Everything here is taught in full.',
    noTermHint: 'The ledger goes by terms: make one first.',
    cellLabel: (name: string, subject: string, taught: number, prescribed: number, word: string) =>
      `${name}, ${subject}: ${taught} taught of ${prescribed}, ${word}`,
    open: (name: string) => `See ${name}`,
    behind: (name: string, subject: string) => `${name} · ${subject}`,
    sums: {
      prescribed: 'Prescribed',
      on_site: 'On site',
      delivered: 'Delivered',
      missed: 'Missed',
      planned: 'To come',
    },
    forecastShort: (n: number) =>
      n === 0
        ? 'As things are planned, it will be taught in full by the end of the term.'
        : `As things are planned, ${n === 1 ? '1 period' : `${n} periods`} will be missing at the end of the term.`,
    mend: 'Plan to mend it',
    remedies: 'What would mend it',
    noRemedy:
      'Tried on the timetable as it is: there is no pairing to join, and no teacher who can teach it at a time that suits. More master teachers would help, or other times for what is taught on site.',
    join: (school: string, teacher: string, classes: number) =>
      `Join the pairing of ${teacher}, ${school} (${classes === 1 ? '1 class' : `${classes} classes`})`,
    pairAnew: (school: string, teacher: string) => `A new pairing with ${teacher}, ${school}`,
    time: (weekday: number, period: number) => `${weekdayWord(weekday)} period ${period}`,
    mendsAll: (short: number) => `gives all ${short} missing periods by the end of term`,
    mendsSome: (gives: number, short: number) =>
      `gives ${gives} of ${short} missing periods by the end of term`,
    teacherWeek: 'See the week',
    seePairing: 'See the pairing',
    remedyHint:
      'Each lesson was tried on the timetable as it is: teacher, class, rooms and links are free. Planning takes all of it into account; for a few lessons use “Add a lesson” on the timetable.',
    counts: { delivered: 'delivered', missed: 'missed', planned: 'to come', cancelled: 'cancelled' },
    noLessons: 'No delivered lessons of this subject: the numbers are the school’s own lessons.',
    period: (n: number) => `Period ${n}`,
    seeWeek: 'See this week',
  },
);
