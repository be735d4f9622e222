// The county's part of signaling's HTTP API, typed: places, people, time, timetables, plans, the ledger, accounts.
import { ask, query, send } from './ask';
import { type Result, success } from './result';
import type {
  AccountInput,
  AccountView,
  BellScheduleInput,
  BellScheduleView,
  CalendarFeedInput,
  CalendarFeedView,
  ChangedView,
  ChangeRequest,
  ChangeView,
  CheckView,
  ClassInput,
  ClassroomInput,
  ClassroomView,
  ClassView,
  DraftView,
  FollowedBells,
  ImportReport,
  Invitation,
  LedgerLesson,
  LedgerRemedies,
  LedgerView,
  NewPassword,
  OrgInput,
  OrgView,
  PairingView,
  PlanRequest,
  PlanView,
  Prescribed,
  RepairProposal,
  RepairRequest,
  SecondFactorSetup,
  SignedIn,
  SignInWays,
  StartedView,
  SubstituteView,
  TeacherInput,
  TeacherView,
  TermInput,
  TermView,
  TimetableLessonInput,
  TodayView,
  TogetherRequest,
  WeekView,
} from './types';

const id = encodeURIComponent;

/** What can be listed, made, changed and removed at one address. */
function things<View, Input>(base: string) {
  return {
    list: (org: string | null = null) => ask<View[]>('GET', base + query({ org_id: org })),
    create: (input: Input) => ask<View>('POST', base, input),
    change: (which: string, input: Input) => ask<View>('PUT', `${base}/${id(which)}`, input),
    remove: (which: string) => ask<void>('DELETE', `${base}/${id(which)}`),
  } as const;
}

/** As many as the server lists at once. */
const LISTED = 500;

/** All accounts the caller may see, part by part. */
async function everyAccount(): Promise<Result<AccountView[]>> {
  const all: AccountView[] = [];
  for (;;) {
    const after = all.at(-1)?.id;
    const part = await ask<AccountView[]>('GET', `/api/accounts${query({ after, limit: LISTED })}`);
    if (!part.ok) return part;
    all.push(...part.value);
    if (part.value.length < LISTED) return success(all);
  }
}

/** Whose week. */
export type Whose =
  | { by: 'org'; id: string }
  | { by: 'teacher'; id: string }
  | { by: 'class'; id: string }
  | { by: 'classroom'; id: string };

export const county = {
  orgs: things<OrgView, OrgInput>('/api/orgs'),
  classrooms: things<ClassroomView, ClassroomInput>('/api/classrooms'),
  classes: things<ClassView, ClassInput>('/api/classes'),
  teachers: things<TeacherView, TeacherInput>('/api/teachers'),
  terms: things<TermView, TermInput>('/api/terms'),
  bells: things<BellScheduleView, BellScheduleInput>('/api/bell-schedules'),
  accounts: { ...things<AccountView, AccountInput>('/api/accounts'), list: everyAccount },

  curriculum: (org: string) => ask<Prescribed[]>('GET', `/api/orgs/${id(org)}/curriculum`),
  prescribe: (org: string, rows: Prescribed[]) =>
    ask<Prescribed[]>('PUT', `/api/orgs/${id(org)}/curriculum`, rows),
  importFile: (org: string, file: File, isDryRun: boolean, stop: AbortSignal) =>
    send<ImportReport>(
      `/api/orgs/${id(org)}/imports${query({ dry_run: isDryRun, name: file.name })}`,
      file,
      stop,
    ),

  followBells: (org: string, bells: string | null) =>
    ask<FollowedBells>('PUT', `/api/orgs/${id(org)}/bell-schedule`, { bell_schedule_id: bells }),

  week: (term: string, week: number, whose: Whose) =>
    ask<WeekView>('GET', `/api/terms/${id(term)}/weeks/${week}${query({ [`${whose.by}_id`]: whose.id })}`),
  addLesson: (term: string, lesson: TimetableLessonInput) =>
    ask<ChangedView>('POST', `/api/terms/${id(term)}/lessons`, lesson),
  checkNew: (term: string, lesson: TimetableLessonInput) =>
    ask<CheckView>('POST', `/api/terms/${id(term)}/lessons/checks`, lesson),
  check: (lesson: string, change: ChangeRequest) =>
    ask<CheckView>('POST', `/api/timetable-lessons/${id(lesson)}/checks`, change),
  change: (lesson: string, change: ChangeRequest) =>
    ask<ChangedView>('POST', `/api/timetable-lessons/${id(lesson)}/changes`, change),
  /** All of them or none, as one change. */
  together: (term: string, changes: TogetherRequest) =>
    ask<ChangedView>('POST', `/api/terms/${id(term)}/changes`, changes),
  substitutes: (lesson: string) =>
    ask<SubstituteView[]>('GET', `/api/timetable-lessons/${id(lesson)}/substitutes`),
  changes: (term: string) => ask<ChangeView[]>('GET', `/api/terms/${id(term)}/changes`),
  undo: (change: string) => ask<ChangedView>('POST', `/api/changes/${id(change)}/undo`, {}),
  repairs: (term: string, missing: RepairRequest) =>
    ask<RepairProposal[]>('POST', `/api/terms/${id(term)}/repairs`, missing),
  today: () => ask<TodayView>('GET', '/api/today'),
  start: (lesson: string) => ask<StartedView>('POST', `/api/timetable-lessons/${id(lesson)}/start`, {}),
  calendarFeed: (of: CalendarFeedInput) => ask<CalendarFeedView>('POST', '/api/calendar-feeds', of),

  pairings: (term: string) => ask<PairingView[]>('GET', `/api/terms/${id(term)}/pairings`),
  plans: (term: string) => ask<PlanView[]>('GET', `/api/terms/${id(term)}/plans`),
  startPlan: (term: string, request: PlanRequest) =>
    ask<PlanView>('POST', `/api/terms/${id(term)}/plans`, request),
  plan: (plan: string) => ask<PlanView>('GET', `/api/plans/${id(plan)}`),
  cancelPlan: (plan: string) => ask<PlanView>('POST', `/api/plans/${id(plan)}/cancel`, {}),
  discardPlan: (plan: string) => ask<void>('DELETE', `/api/plans/${id(plan)}`),
  draft: (plan: string) => ask<DraftView>('GET', `/api/plans/${id(plan)}/draft`),
  publish: (plan: string) => ask<ChangedView>('POST', `/api/plans/${id(plan)}/publish`, {}),

  ledger: (term: string, org: string | null, week: number | null) =>
    ask<LedgerView>('GET', `/api/terms/${id(term)}/ledger${query({ org_id: org, week })}`),
  ledgerLessons: (term: string, classId: string, subject: string, week: number | null) =>
    ask<LedgerLesson[]>(
      'GET',
      `/api/terms/${id(term)}/ledger/lessons${query({ class_id: classId, subject, week })}`,
    ),
  remedies: (term: string, classId: string, subject: string) =>
    ask<LedgerRemedies>(
      'GET',
      `/api/terms/${id(term)}/ledger/remedies${query({ class_id: classId, subject })}`,
    ),

  signInWays: () => ask<SignInWays>('GET', '/api/sign-in'),
  signIn: (login: string, password: string) => ask<SignedIn>('POST', '/api/sign-in', { login, password }),
  secondFactorSetup: () => ask<SecondFactorSetup>('POST', '/api/second-factor/setup', {}),
  secondFactor: (code: string) => ask<SignedIn>('POST', '/api/second-factor', { code }),
  setPassword: (password: NewPassword) => ask<void>('POST', '/api/passwords', password),
  clearSecondFactor: (account: string) => ask<void>('DELETE', `/api/accounts/${id(account)}/second-factor`),
  invite: (account: string) => ask<Invitation>('POST', `/api/accounts/${id(account)}/invitations`, {}),
} as const;

/** Changes of timetables, as server-sent events. */
export const TIMETABLE_EVENTS = '/api/timetable/events';

/** A plan's progress, as server-sent events of one PlanView each. */
export const planEvents = (plan: string) => `/api/plans/${id(plan)}/events`;

/** Where a place's tables stand as a workbook, or an empty one. */
export const exportAddress = (org: string, what: 'places' | 'timetable' | 'template') =>
  `/api/orgs/${id(org)}/exports/${what}.xlsx`;

/** Where the ledger stands as a workbook. */
export const ledgerAddress = (term: string, org: string | null, week: number | null) =>
  `/api/terms/${id(term)}/ledger.xlsx${query({ org_id: org, week })}`;
