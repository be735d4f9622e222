// Generated from openapi.json by `npm run generate`; do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Somebody who signs in. */
        AccountId: string;
        /** @description `POST /api/accounts`, `PUT /api/accounts/{id}` */
        AccountInput: {
            /** @description Shut out? */
            disabled?: boolean;
            /** @description 2 to 64 of `a-z 0-9 . _ - @`. */
            login: string;
            /** @description Shown name. */
            name: string;
            /** @description Where it belongs. */
            org_id: components["schemas"]["OrgId"];
            person_id?: components["schemas"]["PersonId"] | null;
            /** @description Roles; the caller must administer each place. */
            roles: components["schemas"]["RoleGrant"][];
        };
        /**
         * @description What somebody may do, at a place and everything below it.
         * @enum {string}
         */
        AccountRole: "administrator" | "scheduler" | "master_teacher" | "assistant" | "researcher" | "it" | "auditor";
        /** @description An account. */
        AccountView: {
            /** @description Does a provider (OIDC) sign it in? */
            by_provider: boolean;
            disabled_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Has it a password? */
            has_password: boolean;
            /** @description Has it a second factor? */
            has_second_factor: boolean;
            /** @description Identity. */
            id: components["schemas"]["AccountId"];
            /** @description What is typed to sign in. */
            login: string;
            /** @description Shown name. */
            name: string;
            /** @description Where it belongs. */
            org_id: components["schemas"]["OrgId"];
            person_id?: components["schemas"]["PersonId"] | null;
            /** @description Roles. */
            roles: components["schemas"]["RoleGrant"][];
        };
        /**
         * @description What somebody wants to do. Which role may do what stands in `docs/roles.md`.
         * @enum {string}
         */
        Act: "read_county" | "change_places" | "schedule" | "read_lessons" | "change_lessons" | "read_library" | "change_library" | "read_devices" | "change_devices" | "read_accounts" | "change_accounts";
        /** @description What a page can ask. Who may ask is in brackets. */
        Action: {
            /** @enum {string} */
            do: "open";
        } | {
            /** @enum {string} */
            do: "start";
        } | {
            /** @enum {string} */
            do: "pause";
        } | {
            /** @enum {string} */
            do: "continue";
        } | {
            /** @enum {string} */
            do: "end";
        } | {
            /** @enum {string} */
            do: "call_on_stage";
            participant?: components["schemas"]["ParticipantId"] | null;
        } | {
            /** @enum {string} */
            do: "mute";
            /** @description From now on. */
            muted: boolean;
            /** @description Whom. */
            participant: components["schemas"]["ParticipantId"];
        } | {
            /** @enum {string} */
            do: "set_recording";
            /** @description From now on. */
            on: boolean;
        } | {
            /** @enum {string} */
            do: "raise_hand";
            /** @description From now on. */
            raised: boolean;
        } | {
            /** @enum {string} */
            do: "expel";
            /** @description Whom. */
            participant: components["schemas"]["ParticipantId"];
        } | {
            /** @enum {string} */
            do: "refresh_media";
        } | {
            /** @enum {string} */
            do: "take_place";
        } | {
            /** @enum {string} */
            do: "report";
            /** @description What its page knows. */
            health: components["schemas"]["ScreenHealth"];
        };
        /** @description `POST /api/oidc/back-channel-logout` */
        BackChannelLogout: {
            /** @description Signed by the provider. */
            logout_token: string;
        };
        /** @description A period of the day. */
        BellPeriod: {
            /**
             * Format: int32
             * @description Minutes after midnight.
             */
            ends_min: number;
            /**
             * Format: int32
             * @description From 1.
             */
            period: number;
            /**
             * Format: int32
             * @description Minutes after midnight.
             */
            starts_min: number;
        };
        /** @description A school's bell times. */
        BellScheduleId: string;
        /** @description `POST /api/bell-schedules`, `PUT /api/bell-schedules/{id}` */
        BellScheduleInput: {
            /** @description Name. */
            name: string;
            /** @description The place that keeps them. */
            org_id: components["schemas"]["OrgId"];
            /** @description By period. */
            periods: components["schemas"]["BellPeriod"][];
        };
        /** @description Bell times (作息时间). */
        BellScheduleView: {
            /** @description Identity. */
            id: components["schemas"]["BellScheduleId"];
            /** @description Name, e.g. 夏季作息. */
            name: string;
            /** @description The place that keeps them. */
            org_id: components["schemas"]["OrgId"];
            /** @description By period; they do not overlap. */
            periods: components["schemas"]["BellPeriod"][];
        };
        /** @description A period of the week that is taken. */
        Busy: {
            /** @description In which weeks. */
            parity: components["schemas"]["Parity"];
            /**
             * Format: int32
             * @description The school's period, from 1.
             */
            period: number;
            /**
             * Format: int32
             * @description 1 (Monday) to 7.
             */
            weekday: number;
            /** @description By what: a subject, a duty. */
            what: string;
        };
        /** @description `POST /api/calendar-feeds`: an address for calendar programs (iCalendar). */
        CalendarFeedInput: {
            classroom_id?: components["schemas"]["ClassroomId"] | null;
            teacher_id?: components["schemas"]["PersonId"] | null;
        };
        /** @description The address, secret included. */
        CalendarFeedView: {
            /** @description `…/api/calendar/SECRET.ics` */
            url: string;
        };
        /** @description A change of a timetable that can be undone. */
        ChangeId: string;
        /**
         * @description What was done to a timetable.
         * @enum {string}
         */
        ChangeKind: "publish" | "add" | "move" | "cancel" | "restore" | "substitute" | "swap" | "undo";
        /** @description `POST /api/timetable-lessons/{id}/changes`; each carries the lesson's `version` as it was seen. */
        ChangeRequest: {
            classroom_id?: components["schemas"]["ClassroomId"] | null;
            /** @description Which day. */
            day: components["schemas"]["Day"];
            /** @enum {string} */
            do: "move";
            /**
             * Format: int32
             * @description The master school's period.
             */
            period: number;
            /** @description Why; may be empty. */
            reason?: string;
            /**
             * Format: int32
             * @description As seen.
             */
            version: number;
        } | {
            /** @enum {string} */
            do: "cancel";
            /** @description Why. */
            reason: string;
            /**
             * Format: int32
             * @description As seen.
             */
            version: number;
        } | {
            /** @enum {string} */
            do: "restore";
            /**
             * Format: int32
             * @description As seen.
             */
            version: number;
        } | {
            classroom_id?: components["schemas"]["ClassroomId"] | null;
            /** @enum {string} */
            do: "substitute";
            /** @description Why. */
            reason?: string;
            /** @description Who. */
            teacher_id: components["schemas"]["PersonId"];
            /**
             * Format: int32
             * @description As seen.
             */
            version: number;
        } | {
            /** @enum {string} */
            do: "swap";
            /** @description Why. */
            reason?: string;
            /**
             * Format: int32
             * @description As seen.
             */
            version: number;
            /** @description With which. */
            with: components["schemas"]["TimetableLessonId"];
        };
        /** @description A change, for the history. `GET /api/terms/{id}/changes` */
        ChangeView: {
            /** @description When. */
            at: components["schemas"]["UnixMillis"];
            /** @description Who. */
            by_name: string;
            /** @description Identity. */
            id: components["schemas"]["ChangeId"];
            /** @description What. */
            kind: components["schemas"]["ChangeKind"];
            /**
             * Format: int32
             * @description How many lessons.
             */
            lessons: number;
            /** @description Why. */
            reason: string;
            undone_at?: components["schemas"]["UnixMillis"] | null;
            /** @description In one sentence, in the caller's language. */
            words: string;
        };
        /** @description Answer of every change. */
        ChangedView: {
            /** @description The change. */
            change: components["schemas"]["ChangeView"];
            /** @description The lessons as they are now, the first 200. */
            lessons: components["schemas"]["TimetableLessonView"][];
        };
        /** @description A place in the lesson worth jumping to. */
        Chapter: {
            /**
             * Format: int64
             * @description Position in the composed video.
             */
            at_ms: number;
            /** @description What begins here. */
            title: string;
        };
        /** @description `POST /api/timetable-lessons/{id}/checks` (a [`ChangeRequest`] that is only looked at): may it be there? */
        CheckView: {
            /** @description Nothing: it may. At most 50. */
            conflicts: components["schemas"]["Conflict"][];
            /** @description What else forbids it, in the caller's language, e.g. the bell times do not overlap. */
            reasons: string[];
        };
        /** @description A class group: the pupils of one grade who are taught together. */
        ClassId: string;
        /** @description `POST /api/classes`, `PUT /api/classes/{id}` */
        ClassInput: {
            /** @description When it is taught on site. */
            busy?: components["schemas"]["Busy"][];
            classroom_id?: components["schemas"]["ClassroomId"] | null;
            /** @description The state's code. */
            code: string;
            /** @description Absent: none. */
            consent?: components["schemas"]["Consent"];
            /**
             * Format: int32
             * @description 1 to 9.
             */
            grade: number;
            /** @description Name. */
            name: string;
            /** @description Its school. */
            org_id: components["schemas"]["OrgId"];
            /**
             * Format: int32
             * @description Pupils.
             */
            size: number;
            /** @description Subjects. */
            subjects?: components["schemas"]["ClassSubject"][];
        };
        /** @description What a class has of a subject. */
        ClassSubject: {
            /** @description Textbook edition; empty: any. */
            edition: string;
            /**
             * Format: int32
             * @description Periods a week its own school teaches.
             */
            on_site_periods: number;
            /** @description Subject, e.g. 音乐. */
            subject: string;
        };
        /** @description A class group. */
        ClassView: {
            /** @description When it is taught on site. */
            busy: components["schemas"]["Busy"][];
            classroom_id?: components["schemas"]["ClassroomId"] | null;
            /** @description The state's code. */
            code: string;
            /** @description Consent. */
            consent: components["schemas"]["Consent"];
            /**
             * Format: int32
             * @description 1 to 9.
             */
            grade: number;
            /** @description Identity. */
            id: components["schemas"]["ClassId"];
            /** @description Name, e.g. 三（1）班. */
            name: string;
            /** @description Its school. */
            org_id: components["schemas"]["OrgId"];
            /**
             * Format: int32
             * @description Pupils.
             */
            size: number;
            /** @description Subjects. */
            subjects: components["schemas"]["ClassSubject"][];
        };
        /** @description A room of a school in which a class sits or a master teacher teaches. */
        ClassroomId: string;
        /** @description `POST /api/classrooms`, `PUT /api/classrooms/{id}` */
        ClassroomInput: {
            /**
             * Format: int32
             * @description 0 to 16.
             */
            max_receivers: number;
            /** @description Name. */
            name: string;
            /** @description Its school. */
            org_id: components["schemas"]["OrgId"];
        };
        /** @description A classroom. */
        ClassroomView: {
            /** @description Its screens. */
            device_ids: components["schemas"]["DeviceId"][];
            /** @description Identity. */
            id: components["schemas"]["ClassroomId"];
            /**
             * Format: int32
             * @description Classes a master teacher can teach from here at most; 0: it only receives.
             */
            max_receivers: number;
            /** @description Name, one of its kind in the school. */
            name: string;
            /** @description Its school. */
            org_id: components["schemas"]["OrgId"];
        };
        /** @description Why a lesson cannot be there. */
        Conflict: {
            /** @description To. */
            ends_at: components["schemas"]["UnixMillis"];
            /** @description Who or what. */
            kind: components["schemas"]["ConflictKind"];
            lesson_id?: components["schemas"]["TimetableLessonId"] | null;
            /** @description Their name. */
            name: string;
            /** @description Where. */
            place: string;
            /** @description From. */
            starts_at: components["schemas"]["UnixMillis"];
            /** @description Its title. */
            title: string;
        };
        /**
         * @description Who is taken already.
         * @enum {string}
         */
        ConflictKind: "teacher" | "class" | "classroom" | "link";
        /** @description What a class's guardians agreed to. */
        Consent: {
            /** @description To be seen and heard by the other classrooms of a lesson. */
            live: boolean;
            /** @description To be shown in the library. */
            publish: boolean;
            /** @description To be recorded. */
            record: boolean;
        };
        /**
         * Format: date
         * @description A day in Asia/Shanghai, as `YYYY-MM-DD`; 1970-01-01 to 2199-12-31.
         */
        Day: string;
        /** @description A classroom screen, paired once with a code; lasts over lessons. */
        DeviceId: string;
        /** @description A classroom screen as its own page knows it. */
        DeviceView: {
            /** @description Identity. */
            id: components["schemas"]["DeviceId"];
            /** @description Shown name of the classroom. */
            name: string;
            next_lesson?: components["schemas"]["NextLesson"] | null;
        };
        /** @description What publishing changes for somebody. */
        DraftChange: {
            /** @description Teacher, class or school. */
            name: string;
            /** @description In words, in the caller's language. */
            words: string;
        };
        /** @description A lesson of the draft's week. */
        DraftLesson: {
            /** @description Names of the classes with their schools. */
            class_names: string[];
            /** @description Is it already so on the timetable? */
            is_kept: boolean;
            /** @description What kind. */
            kind: components["schemas"]["LessonKind"];
            /** @description As it would be published, on the first week's days. */
            lesson: components["schemas"]["TimetableLessonInput"];
            /** @description Their school. */
            org_name: string;
            /** @description Who teaches. */
            teacher_name: string;
            /**
             * Format: int32
             * @description 1 to 7.
             */
            weekday: number;
        };
        /** @description `GET /api/plans/{id}/draft` */
        DraftView: {
            /** @description What changes for whom, at most 500. */
            changes: components["schemas"]["DraftChange"][];
            /**
             * Format: int32
             * @description From this week on.
             */
            from_week: number;
            /** @description Its week. */
            lessons: components["schemas"]["DraftLesson"][];
            /** @description The plan. */
            plan: components["schemas"]["PlanView"];
            /** @description What it does not serve. */
            unserved: components["schemas"]["Unserved"][];
        };
        /** @description `POST /api/lessons/{id}/grants` */
        GrantRequest: {
            /** @description Shown name; the same name and role is the same participant. */
            name: string;
            /** @description What it is in the lesson. `teacher` is the lesson's one teacher, whatever the name. */
            role: components["schemas"]["Role"];
        };
        /** @description Media for a program that has no page (OBS, GStreamer, a 录播 host). */
        Granted: {
            /** @description WHIP and WHEP addresses and a fresh token. */
            media: components["schemas"]["MediaGrant"];
            /** @description Who it is in the lesson. */
            participant: components["schemas"]["ParticipantId"];
        };
        /**
         * @description A camera or a microphone, as the page of the screen finds it.
         * @enum {string}
         */
        InputHealth: "fine" | "missing" | "denied" | "busy" | "insecure";
        /** @description `POST /api/accounts/{id}/invitations`: a link by which its person sets a password, once. */
        Invitation: {
            /** @description Until then. */
            expires_at: components["schemas"]["UnixMillis"];
            /** @description `…/sign-in#invitation.SECRET` */
            url: string;
        };
        /** @description A job's trouble, with the sentence. */
        JobFailure: components["schemas"]["JobTrouble"] & {
            /** @description The same in English, with what only a log needs. */
            text: string;
        };
        /** @description A piece of long work: composing a recording. */
        JobId: string;
        /**
         * @description Where a job stands.
         * @enum {string}
         */
        JobState: "queued" | "running" | "done" | "failed" | "cancelled";
        /**
         * @description What a running job is doing.
         * @enum {string}
         */
        JobStep: "reading" | "composing" | "finishing";
        /** @description Why a job failed. It can be retried in every case. */
        JobTrouble: {
            /** @enum {string} */
            code: "nothing_captured";
        } | {
            /** @enum {string} */
            code: "unreadable";
        } | {
            /** @enum {string} */
            code: "disk_full";
        } | {
            /** @enum {string} */
            code: "disk_failing";
        } | {
            /** @enum {string} */
            code: "media_failed";
        } | {
            /** @enum {string} */
            code: "interrupted";
            /**
             * Format: int32
             * @description How often it was started.
             */
            times: number;
        } | {
            /** @enum {string} */
            code: "killed";
        } | {
            /** @enum {string} */
            code: "took_too_long";
        } | {
            /** @enum {string} */
            code: "crashed";
        } | {
            /** @enum {string} */
            code: "other";
        };
        /** @description Long work, for a progress bar. */
        JobView: {
            /**
             * Format: int32
             * @description How often it was tried.
             */
            attempts: number;
            /**
             * Format: int32
             * @description Seconds left, estimated.
             */
            eta_s?: number | null;
            failure?: components["schemas"]["JobFailure"] | null;
            /** @description Identity. */
            id: components["schemas"]["JobId"];
            /**
             * Format: int32
             * @description 0 to 100.
             */
            percent: number;
            /** @description Where it stands. */
            state: components["schemas"]["JobState"];
            step?: components["schemas"]["JobStep"] | null;
        };
        /** @description A lesson behind a number. */
        LedgerLesson: {
            /** @description In which sum it stands. */
            counts_as: components["schemas"]["LessonCounts"];
            /** @description The lesson. */
            lesson: components["schemas"]["TimetableLessonView"];
            /** @description Why it was missed, in the caller's language. */
            why?: string | null;
        };
        /** @description A place, or class, by subject. */
        LedgerRow: {
            class_id?: components["schemas"]["ClassId"] | null;
            /**
             * Format: int32
             * @description The term will end with so many periods too few, if nothing changes.
             */
            forecast_short: number;
            /** @description Name of place or class. */
            name: string;
            /** @description The place. */
            org_id: components["schemas"]["OrgId"];
            /** @description Subject. */
            subject: string;
            /** @description The periods. */
            sum: components["schemas"]["LedgerSum"];
        };
        /**
         * @description Periods of one class and subject, or sums of them. What is prescribed and on site counts only past weeks and
         *     teaching days, like the rest, unless it says planned.
         */
        LedgerSum: {
            /**
             * Format: int32
             * @description Periods delivered: the lesson was held and the class's room was in it.
             */
            delivered: number;
            /**
             * Format: int32
             * @description Lessons that were planned for it and cancelled, not held or not attended.
             */
            missed: number;
            /**
             * Format: int32
             * @description Periods the class's own school taught.
             */
            on_site: number;
            /**
             * Format: int32
             * @description Lessons planned for it, still to come.
             */
            planned: number;
            /**
             * Format: int32
             * @description Periods the state prescribes.
             */
            prescribed: number;
        };
        /** @description The ledger of a place: one row a child place (or class) and subject. */
        LedgerView: {
            /** @description The place. */
            org_id: components["schemas"]["OrgId"];
            /** @description What it is: the rows of a school are its classes, those of others the places right below. */
            org_kind: components["schemas"]["OrgKind"];
            /** @description Its name. */
            org_name: string;
            /** @description By name, then subject. */
            rows: components["schemas"]["LedgerRow"][];
            /** @description The term. */
            term_id: components["schemas"]["TermId"];
            /** @description Sums by subject. */
            totals: components["schemas"]["LedgerRow"][];
            /**
             * Format: int32
             * @description One week, or the term so far.
             */
            week?: number | null;
            /**
             * Format: int32
             * @description Weeks of the term that are past or have begun.
             */
            weeks_so_far: number;
        };
        /** @description How to get into a lesson. For the administrator and its teacher only. */
        LessonAccess: {
            /** @description The page of classroom screens. */
            classroom_url: string;
            /** @description Six digits; absent before the lesson is open and once it is over. */
            code?: string | null;
            /** @description The lesson. */
            lesson: components["schemas"]["LessonView"];
            /** @description The secret alone, for the lesson WebSocket. */
            teacher_credential: string;
            /** @description The teacher's page, secret included. */
            teacher_url: string;
        };
        /**
         * @description As what the ledger counts a lesson.
         * @enum {string}
         */
        LessonCounts: "delivered" | "missed" | "planned" | "cancelled";
        /** @description A lesson: one period taught by one teacher to its classrooms. */
        LessonId: string;
        /**
         * @description What kind of lesson (三个课堂).
         * @enum {string}
         */
        LessonKind: "delivery" | "master" | "open_school";
        /**
         * @description Where a lesson stands.
         *
         *     `scheduled → open → live ⇄ paused → ended → processing → published | failed`; a failed lesson
         *     goes back to `processing` when its job is retried. A lesson that recorded nothing stays `ended`.
         * @enum {string}
         */
        LessonState: "scheduled" | "open" | "live" | "paused" | "ended" | "processing" | "published" | "failed";
        /** @description The whole lesson as a page sees it. Sent complete after each change: at most 18 participants. */
        LessonView: {
            /** @description The six-digit code a classroom screen types; only the teacher sees it. */
            code?: string | null;
            ended_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Identity. */
            id: components["schemas"]["LessonId"];
            on_stage?: components["schemas"]["ParticipantId"] | null;
            /** @description Teacher first, then classrooms in the order they were admitted. */
            participants: components["schemas"]["Participant"][];
            /** @description Is it to be recorded while live? What the recorder makes of that is `recording`. */
            record: boolean;
            /** @description Is the lesson being captured? */
            recording: components["schemas"]["RecordingState"];
            recording_alarm?: components["schemas"]["RecordingAlarm"] | null;
            resource_id?: components["schemas"]["ResourceId"] | null;
            started_at?: components["schemas"]["UnixMillis"] | null;
            starts_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Where the lesson stands. */
            state: components["schemas"]["LessonState"];
            /** @description Title, e.g. 三年级音乐：茉莉花. */
            title: string;
            /** @description Codec of every picture in this lesson. */
            video_codec: components["schemas"]["VideoCodec"];
        };
        /** @description What the sfu last measured of a participant's link. */
        Link: {
            /** @description The verdict shown as a light with a word. */
            level: components["schemas"]["LinkLevel"];
            /**
             * Format: float
             * @description Packets lost towards or from the participant, percent of the last seconds, the worse one.
             */
            loss_percent?: number | null;
            /**
             * Format: int32
             * @description Round trip in milliseconds, from RTCP; absent before the first report.
             */
            rtt_ms?: number | null;
        };
        /**
         * @description A link as a person reads it: `good`, `weak` (works, degraded) or `lost`.
         * @enum {string}
         */
        LinkLevel: "unknown" | "good" | "weak" | "lost";
        /** @description All a page needs to publish and subscribe. */
        MediaGrant: {
            /**
             * Format: int64
             * @description Changes when the sfu lost its state.
             */
            epoch: number;
            /** @description When the token expires. Ask `refresh_media` a minute before. */
            expires_at: components["schemas"]["UnixMillis"];
            /** @description Slots in the order of the page's m-lines: video slots first, then audio. */
            slots: string[];
            /** @description Bearer token for both, EdDSA, at most 10 minutes. */
            token: string;
            /** @description WHEP endpoint with the page's slots. */
            whep_url: string;
            /** @description WHIP endpoint (RFC 9725), an absolute path or URL; absent for those who publish nothing. */
            whip_url?: string | null;
        };
        /** @description A role at a place, for people to read. */
        NamedGrant: {
            /** @description Where, and everything below. */
            org_id: components["schemas"]["OrgId"];
            /** @description What that is called. */
            org_name: string;
            /** @description What. */
            role: components["schemas"]["AccountRole"];
        };
        /** @description `POST /api/lessons` */
        NewLesson: {
            /** @description Paired screens that join by themselves. */
            device_ids?: components["schemas"]["DeviceId"][] | null;
            /** @description Record it while live? Absent: yes. */
            record?: boolean | null;
            starts_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Title, e.g. 三年级音乐：茉莉花. */
            title: string;
            video_codec?: components["schemas"]["VideoCodec"] | null;
        };
        /** @description `POST /api/passwords`: sets a password by an invitation, or changes one's own. */
        NewPassword: {
            /** @description One's own, if signed in. */
            current?: string | null;
            /** @description An invitation's secret. */
            invitation?: string | null;
            /** @description 10 to 256 characters. */
            password: string;
        };
        /** @description A lesson to come. */
        NextLesson: {
            /** @description Identity. */
            id: components["schemas"]["LessonId"];
            starts_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Title. */
            title: string;
        };
        /** @description A numbered message from signaling. */
        Numbered: components["schemas"]["ServerMessage"] & {
            /**
             * Format: int64
             * @description From 1, without holes within a session. 0 on messages outside the numbering (`refused` before `welcome`, `pong`).
             */
            seq: number;
        };
        /** @description A place of the organisation tree: province, city, county or school. */
        OrgId: string;
        /** @description `POST /api/orgs`, `PUT /api/orgs/{id}` */
        OrgInput: {
            bell_schedule_id?: components["schemas"]["BellScheduleId"] | null;
            /** @description The state's code. */
            code: string;
            /** @description What it is. */
            kind: components["schemas"]["OrgKind"];
            /**
             * Format: int32
             * @description Absent: 1.
             */
            lessons_at_once?: number | null;
            /**
             * Format: int32
             * @description kbit/s.
             */
            link_down_kbps?: number | null;
            /**
             * Format: int32
             * @description kbit/s.
             */
            link_up_kbps?: number | null;
            /** @description Name. */
            name: string;
            parent_id?: components["schemas"]["OrgId"] | null;
        };
        /**
         * @description What a place is. A place's parent is of a kind before its own.
         * @enum {string}
         */
        OrgKind: "province" | "city" | "county" | "school";
        /** @description A place of the organisation tree. */
        OrgView: {
            bell_schedule_id?: components["schemas"]["BellScheduleId"] | null;
            /** @description The state's code (一校一码). */
            code: string;
            /** @description Identity. */
            id: components["schemas"]["OrgId"];
            /** @description What it is. */
            kind: components["schemas"]["OrgKind"];
            /**
             * Format: int32
             * @description How many lessons its link carries at once.
             */
            lessons_at_once: number;
            /**
             * Format: int32
             * @description A school's link towards it, in kbit/s; absent: unknown.
             */
            link_down_kbps?: number | null;
            /**
             * Format: int32
             * @description A school's link from it, in kbit/s.
             */
            link_up_kbps?: number | null;
            /** @description Name. */
            name: string;
            parent_id?: components["schemas"]["OrgId"] | null;
        };
        /** @description What a page says. */
        PageMessage: {
            /** @description A teacher, assistant or observer link's secret, or a classroom screen's device credential. */
            credential: string;
            resume?: components["schemas"]["Resume"] | null;
            /** @enum {string} */
            type: "hello";
        } | {
            /** @description What it asks. */
            action: components["schemas"]["Action"];
            /**
             * Format: int64
             * @description Chosen by the page; comes back in `ack` or `refused`.
             */
            id: number;
            /** @enum {string} */
            type: "request";
        } | {
            /** @enum {string} */
            type: "ping";
        };
        /** @description `POST /api/devices/pair` */
        Pair: {
            /** @description The six digits on the teacher's screen. */
            code: string;
            /** @description Shown name of the classroom; absent: one is given. */
            name?: string | null;
        };
        /** @description A screen that was paired. */
        Paired: {
            /**
             * @description Its secret for the lesson WebSocket, for ever. Sent as bearer token with a later `pair`, it
             *     keeps the screen the same screen.
             */
            credential: string;
            /** @description The screen. */
            device: components["schemas"]["DeviceView"];
        };
        /** @description A class of a pairing. */
        PairedClass: {
            /** @description The class. */
            class_id: components["schemas"]["ClassId"];
            /** @description Its name. */
            class_name: string;
            /** @description Its school's name. */
            org_name: string;
        };
        /** @description A lasting agreement: a teacher teaches these classes a subject for a term. */
        PairingId: string;
        /** @description A pairing. */
        PairingView: {
            /** @description The classes. */
            classes: components["schemas"]["PairedClass"][];
            /** @description From where. */
            classroom_id: components["schemas"]["ClassroomId"];
            /** @description Textbook edition; empty: any. */
            edition: string;
            /**
             * Format: int32
             * @description 1 to 9.
             */
            grade: number;
            /** @description Identity. */
            id: components["schemas"]["PairingId"];
            /** @description Subject. */
            subject: string;
            /** @description Who teaches. */
            teacher_id: components["schemas"]["PersonId"];
            /** @description Their name. */
            teacher_name: string;
            /** @description Its term. */
            term_id: components["schemas"]["TermId"];
        };
        /**
         * @description Odd weeks, even weeks, or every week.
         * @enum {string}
         */
        Parity: "every" | "odd" | "even";
        /** @description One participant, present or expected. */
        Participant: {
            device_id?: components["schemas"]["DeviceId"] | null;
            hand_raised_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Identity in this lesson. */
            id: components["schemas"]["ParticipantId"];
            last_on_stage_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Link as the sfu sees it. */
            link: components["schemas"]["Link"];
            /** @description Muted by the teacher: routed to nobody. */
            muted: boolean;
            /** @description Shown name, e.g. 河口教学点 三年级. */
            name: string;
            /** @description Is a page connected over the lesson WebSocket? */
            present: boolean;
            /** @description Sources the sfu receives now. */
            publishing: components["schemas"]["Source"][];
            /** @description What the participant is. */
            role: components["schemas"]["Role"];
        };
        /** @description One person or classroom screen in one lesson; lasts over reconnects. */
        ParticipantId: string;
        /** @description A teacher. */
        PersonId: string;
        /** @description `PUT /api/devices/{id}/classroom` */
        Placed: {
            classroom_id?: components["schemas"]["ClassroomId"] | null;
        };
        /** @description A planner's run and its draft. */
        PlanId: string;
        /** @description How far the planner is. */
        PlanProgress: {
            /**
             * Format: int32
             * @description No plan has more, as far as is proven.
             */
            bound?: number | null;
            /**
             * Format: int32
             * @description 0 to 100.
             */
            percent: number;
            /**
             * Format: int32
             * @description Periods a week in the best plan so far.
             */
            served?: number | null;
            /** @description What it does, in the caller's language. */
            words: string;
        };
        /** @description `POST /api/terms/{id}/plans` */
        PlanRequest: {
            /**
             * Format: int32
             * @description From this week on; absent: the next that has not begun.
             */
            from_week?: number | null;
            /**
             * Format: int32
             * @description Same input and seed give the same plan; absent: 1.
             */
            seed?: number | null;
            /**
             * Format: int32
             * @description Seconds at most, 5 to 3600; absent: 120. What is best then becomes the draft.
             */
            time_limit_s?: number | null;
        };
        /**
         * @description Where a plan stands.
         * @enum {string}
         */
        PlanState: "running" | "draft" | "published" | "failed" | "discarded";
        /** @description A plan in a list, and its progress. `GET /api/plans/{id}`, and as `GET /api/plans/{id}/events` */
        PlanView: {
            /** @description Who asked for it. */
            by_name: string;
            /** @description When. */
            created_at: components["schemas"]["UnixMillis"];
            /**
             * Format: int32
             * @description Periods demanded a week.
             */
            demanded: number;
            /** @description Why it failed, in the caller's language. */
            error?: string | null;
            /**
             * Format: int32
             * @description It would be the timetable from this week on.
             */
            from_week: number;
            /**
             * Format: double
             * @description Share by which a better plan could exceed it at most, 0 to 1.
             */
            gap?: number | null;
            /** @description Identity. */
            id: components["schemas"]["PlanId"];
            /**
             * Format: int32
             * @description Lessons a week.
             */
            lessons?: number | null;
            progress?: components["schemas"]["PlanProgress"] | null;
            /**
             * Format: double
             * @description Seconds it took.
             */
            seconds?: number | null;
            /**
             * Format: int32
             * @description Same input and seed: same plan.
             */
            seed: number;
            /**
             * Format: int32
             * @description Of those, served.
             */
            served?: number | null;
            /** @description Where it stands. */
            state: components["schemas"]["PlanState"];
            /** @description Was it stopped before its work was done? Then another run may find a better one. */
            stopped_early?: boolean | null;
            /** @description Its term. */
            term_id: components["schemas"]["TermId"];
            /**
             * Format: int32
             * @description Seconds at most.
             */
            time_limit_s: number;
        };
        /** @description Periods a week the state prescribes. `GET/PUT /api/orgs/{id}/curriculum` */
        Prescribed: {
            /**
             * Format: int32
             * @description 1 to 9.
             */
            grade: number;
            /** @description Subject. */
            subject: string;
            /**
             * Format: int32
             * @description Periods a week.
             */
            weekly_periods: number;
        };
        /** @description What went wrong, what it means and what to do. */
        Problem: {
            /** @description Who or what is taken already, if a timetable's lesson was refused for it; at most 50. */
            conflicts?: components["schemas"]["Conflict"][];
            /** @description What it means and what to do next. */
            detail?: string | null;
            /**
             * Format: int32
             * @description HTTP status.
             */
            status: number;
            /** @description What happened, short, in the caller's language. */
            title: string;
            /** @description A stable word for programs, e.g. `lesson_full`. Stands where RFC 9457 has a URI reference. */
            type: string;
        };
        /** @description One step of a proposal. */
        ProposedChange: {
            /** @description What to do with it. */
            change: components["schemas"]["ChangeRequest"];
            /** @description The lesson. */
            lesson_id: components["schemas"]["TimetableLessonId"];
            /** @description In words. */
            words: string;
        };
        /** @description A recording's trouble, with the sentence. */
        RecordingAlarm: components["schemas"]["RecordingTrouble"] & {
            /** @description The same in English, with what only a log needs. */
            text: string;
        };
        /** @description One capture of one lesson; the name of its folder. */
        RecordingId: string;
        /**
         * @description Is the lesson being captured?
         * @enum {string}
         */
        RecordingState: "off" | "starting" | "on" | "failed";
        /** @description Why a recording waits or has stopped. The lesson goes on in every case. */
        RecordingTrouble: {
            /** @enum {string} */
            code: "disk_nearly_full";
            /**
             * Format: int64
             * @description What is free.
             */
            free_mb: number;
            /**
             * Format: int64
             * @description What must be.
             */
            min_mb: number;
        } | {
            /** @enum {string} */
            code: "disk_full";
        } | {
            /** @enum {string} */
            code: "disk_failing";
        } | {
            /** @enum {string} */
            code: "media_server_away";
        } | {
            /** @enum {string} */
            code: "recorder_away";
        } | {
            /** @enum {string} */
            code: "recorder_busy";
        };
        /** @description `PATCH /api/devices/{id}` */
        Rename: {
            /** @description New shown name. */
            name: string;
        };
        /** @description A way out: each is a list of changes to send. */
        RepairProposal: {
            /** @description What to do with which lesson. */
            changes: components["schemas"]["ProposedChange"][];
            /**
             * Format: int32
             * @description Lessons that go on.
             */
            kept: number;
            /**
             * Format: int32
             * @description Lessons that are lost.
             */
            lost: number;
            /** @description In words, in the caller's language. */
            words: string;
        };
        /** @description `POST /api/terms/{id}/repairs`: somebody or something (one of both) is not there. */
        RepairRequest: {
            classroom_id?: components["schemas"]["ClassroomId"] | null;
            /** @description From. */
            from: components["schemas"]["Day"];
            /** @description Why, as the changes will say it; may be empty. */
            reason?: string;
            teacher_id?: components["schemas"]["PersonId"] | null;
            /** @description To, included; at most 14 days after `from`. */
            to: components["schemas"]["Day"];
        };
        /** @description What is known of a resource wherever its files stand. */
        ResourceFacts: {
            /** @description Chapters by position. */
            chapters: components["schemas"]["Chapter"][];
            /**
             * Format: int64
             * @description Length of the composed video; absent before it is composed.
             */
            duration_ms?: number | null;
            /**
             * Format: int64
             * @description Milliseconds of the lesson that were not captured (recorder down, disk full), if any.
             */
            gap_ms: number;
            /** @description Identity. */
            id: components["schemas"]["ResourceId"];
            /** @description The lesson it was made of. */
            lesson_id: components["schemas"]["LessonId"];
            /** @description When the lesson began. */
            recorded_at: components["schemas"]["UnixMillis"];
            /** @description Its capture. */
            recording_id: components["schemas"]["RecordingId"];
            /** @description Title. */
            title: string;
        };
        /** @description A resource of the library. */
        ResourceId: string;
        /** @description A resource, or the lesson that is becoming one. */
        ResourceView: components["schemas"]["ResourceFacts"] & {
            /** @description The job that makes or made it. */
            job: components["schemas"]["JobView"];
            /** @description HLS master playlist; absent before it is composed. */
            playlist_url?: string | null;
            /** @description Poster JPEG; absent before it is composed. */
            poster_url?: string | null;
        };
        /** @description Where a page stopped hearing. */
        Resume: {
            /**
             * Format: int64
             * @description The last `seq` the page has processed.
             */
            last_seq: number;
            /** @description The session of the last welcome. */
            session_id: components["schemas"]["SessionId"];
        };
        /**
         * @description What a participant is in the lesson.
         * @enum {string}
         */
        Role: "teacher" | "classroom" | "assistant" | "observer";
        /** @description A role at a place. */
        RoleGrant: {
            /** @description Where, and everything below. */
            org_id: components["schemas"]["OrgId"];
            /** @description What. */
            role: components["schemas"]["AccountRole"];
        };
        /** @description `POST /api/screen-codes` */
        ScreenAsks: {
            /** @description What the screen was given with its first code; absent: it has none yet. */
            secret?: string | null;
            /** @description The code it shows. The answer then comes when something else is true, or after ten seconds. */
            shown?: string | null;
        };
        /** @description `POST /api/devices`: somebody types the code that a screen shows. */
        ScreenClaim: {
            /** @description Where the screen stands. */
            classroom_id: components["schemas"]["ClassroomId"];
            /** @description Six digits. */
            code: string;
            /** @description Shown name. */
            name: string;
        };
        /** @description What a screen's page knows of itself; nothing of the people before it. */
        ScreenHealth: {
            /** @description Name and version. */
            browser: string;
            /** @description The room's camera. */
            camera: components["schemas"]["InputHealth"];
            /**
             * Format: int32
             * @description What the browser may still store, in MiB, if it says.
             */
            free_mib?: number | null;
            /**
             * Format: int32
             * @description The same.
             */
            height_px: number;
            link?: components["schemas"]["ScreenLink"] | null;
            /** @description The room's microphone. */
            microphone: components["schemas"]["InputHealth"];
            /**
             * Format: int32
             * @description Since the page was loaded, in seconds.
             */
            uptime_s: number;
            /** @description Of the page. */
            version: string;
            /**
             * Format: int32
             * @description Of the whole screen, in its own pixels.
             */
            width_px: number;
        };
        /** @description The media link of a screen that is in a lesson. */
        ScreenLink: {
            /**
             * Format: int32
             * @description What it receives, in bits per second.
             */
            down_bps?: number | null;
            /**
             * Format: int32
             * @description Of a thousand packets towards the screen so many were lost, since the last report.
             */
            loss_permille?: number | null;
            /**
             * Format: int32
             * @description Round trip in milliseconds.
             */
            rtt_ms?: number | null;
        };
        /** @description How a screen that waits to be paired stands. */
        ScreenPairing: {
            /** @description Six digits. */
            code: string;
            /**
             * Format: int64
             * @description The code's life from now on, in seconds. Screens' clocks are often wrong.
             */
            expires_in_s: number;
            /**
             * @description The screen's own, which the code does not reveal. Once somebody has typed the code, it is the screen's
             *     credential for the lesson WebSocket, for ever.
             */
            secret: string;
            /** @enum {string} */
            state: "waiting";
        } | {
            /** @enum {string} */
            state: "paired";
        };
        /**
         * @description Why somebody should look after a screen; the worst first.
         * @enum {string}
         */
        ScreenTrouble: "offline" | "no_classroom" | "insecure" | "camera_missing" | "camera_denied" | "camera_busy" | "microphone_missing" | "microphone_denied" | "microphone_busy" | "weak_link";
        /** @description A screen as those see it who look after it. */
        ScreenView: {
            classroom_id?: components["schemas"]["ClassroomId"] | null;
            /** @description That classroom's name. */
            classroom_name?: string | null;
            health?: components["schemas"]["ScreenHealth"] | null;
            /** @description Identity. */
            id: components["schemas"]["DeviceId"];
            /** @description Is it in a lesson? */
            is_in_lesson: boolean;
            /** @description Is its page connected? */
            is_online: boolean;
            last_seen_at?: components["schemas"]["UnixMillis"] | null;
            /** @description Shown name. */
            name: string;
            next_lesson?: components["schemas"]["NextLesson"] | null;
            org_id?: components["schemas"]["OrgId"] | null;
            /** @description That school's name. */
            org_name?: string | null;
            /** @description When it was paired. */
            paired_at: components["schemas"]["UnixMillis"];
            /** @description Why somebody should look after it; the worst first. */
            troubles: components["schemas"]["ScreenTrouble"][];
        };
        /** @description `POST /api/second-factor` */
        SecondFactorCode: {
            /** @description Six digits (RFC 6238). */
            code: string;
        };
        /** @description `POST /api/second-factor/setup`: a fresh secret; the first right code makes it count. */
        SecondFactorSetup: {
            /** @description Base32, to type. */
            secret: string;
            /** @description `otpauth://totp/…`, to draw as a QR code. */
            uri: string;
        };
        /** @description What signaling says. */
        ServerMessage: (components["schemas"]["Welcome"] & {
            /** @enum {string} */
            type: "welcome";
        }) | {
            /** @description The whole lesson. */
            lesson: components["schemas"]["LessonView"];
            /** @enum {string} */
            type: "lesson";
        } | {
            /** @description The grant. */
            media: components["schemas"]["MediaGrant"];
            /** @enum {string} */
            type: "media";
        } | {
            device?: components["schemas"]["DeviceView"] | null;
            lesson?: components["schemas"]["LessonView"] | null;
            media?: components["schemas"]["MediaGrant"] | null;
            /** @enum {string} */
            type: "assigned";
            you?: components["schemas"]["ParticipantId"] | null;
        } | {
            /** @enum {string} */
            type: "replaced";
        } | {
            /**
             * Format: int64
             * @description The page's id.
             */
            id: number;
            /** @enum {string} */
            type: "ack";
        } | {
            /**
             * Format: int64
             * @description The page's id.
             */
            id: number;
            /** @description Why, in words. */
            problem: components["schemas"]["Problem"];
            /** @enum {string} */
            type: "refused";
        } | {
            /** @enum {string} */
            type: "pong";
        };
        /** @description Whose session it is. */
        SessionAccount: {
            /** @description Has it a second factor? */
            has_second_factor: boolean;
            /** @description Identity. */
            id: components["schemas"]["AccountId"];
            /** @description What is typed to sign in. */
            login: string;
            /** @description Shown name. */
            name: string;
            /** @description Where it belongs. */
            org_id: components["schemas"]["OrgId"];
            person_id?: components["schemas"]["PersonId"] | null;
            /** @description Roles, each with its place's name. */
            roles: components["schemas"]["NamedGrant"][];
            /** @description What is still missing; unless it is `done`, nothing is open. */
            step: components["schemas"]["SignInStep"];
        };
        /** @description One WHIP or WHEP session; the last path segment of its `Location`. */
        SessionId: string;
        /**
         * @description What the caller is to the desk pages.
         * @enum {string}
         */
        SessionRole: "admin" | "teacher" | "account" | "none";
        /** @description `GET /api/session` */
        SessionView: {
            account?: components["schemas"]["SessionAccount"] | null;
            /** @description What may be done somewhere, so that pages show that and nothing else. */
            acts: components["schemas"]["Act"][];
            lesson_id?: components["schemas"]["LessonId"] | null;
            /** @description What the caller is. */
            role: components["schemas"]["SessionRole"];
        };
        /** @description `POST /api/setup` */
        SetUp: {
            /** @description From the one-time link. */
            secret: string;
        };
        /** @description `POST /api/sign-in` */
        SignIn: {
            /** @description Login. */
            login: string;
            /** @description Password. */
            password: string;
        };
        /**
         * @description What is still missing.
         * @enum {string}
         */
        SignInStep: "done" | "second_factor" | "second_factor_setup";
        /** @description `GET /api/sign-in`: how one can sign in. */
        SignInWays: {
            /** @description The provider's shown name; absent: none is configured. It is entered at `GET /api/oidc/start`. */
            provider?: string | null;
        };
        /** @description Answer of `POST /api/sign-in` and `POST /api/second-factor`. */
        SignedIn: {
            /** @description What comes next. */
            step: components["schemas"]["SignInStep"];
        };
        /**
         * @description Which of a participant's tracks.
         * @enum {string}
         */
        Source: "microphone" | "camera" | "board";
        /** @description `POST /api/timetable-lessons/{id}/start` */
        StartedView: {
            /** @description The live lesson. */
            lesson_id: components["schemas"]["LessonId"];
            /** @description The teacher's page, secret included. */
            teacher_url: string;
        };
        /** @description What somebody can teach. */
        TeachableSubject: {
            /** @description Textbook edition; empty: any. */
            edition: string;
            /**
             * Format: int32
             * @description From this grade.
             */
            grade_from: number;
            /**
             * Format: int32
             * @description To this one.
             */
            grade_to: number;
            /** @description Subject. */
            subject: string;
        };
        /** @description `POST /api/teachers`, `PUT /api/teachers/{id}` */
        TeacherInput: {
            /** @description When they have no time. */
            busy?: components["schemas"]["Busy"][];
            /** @description The state's code. */
            code: string;
            /**
             * Format: int32
             * @description Of those, delivered.
             */
            max_delivered: number;
            /**
             * Format: int32
             * @description Periods a week at most.
             */
            max_weekly: number;
            /** @description Name. */
            name: string;
            /** @description Their school. */
            org_id: components["schemas"]["OrgId"];
            /** @description What they teach. */
            subjects?: components["schemas"]["TeachableSubject"][];
        };
        /** @description `POST /api/teacher-session` */
        TeacherSignIn: {
            /** @description A teacher link's secret. */
            credential: string;
        };
        /** @description A teacher. */
        TeacherView: {
            /** @description When they have no time. */
            busy: components["schemas"]["Busy"][];
            /** @description The state's code (一人一号). */
            code: string;
            /** @description Identity. */
            id: components["schemas"]["PersonId"];
            /**
             * Format: int32
             * @description Of those, delivered to other schools at most; 0: no master teacher.
             */
            max_delivered: number;
            /**
             * Format: int32
             * @description Periods a week at most.
             */
            max_weekly: number;
            /** @description Name. */
            name: string;
            /** @description Their school. */
            org_id: components["schemas"]["OrgId"];
            /** @description What they teach. */
            subjects: components["schemas"]["TeachableSubject"][];
        };
        /** @description A day of a term that is unlike others. */
        TermDay: {
            /** @description Which. */
            day: components["schemas"]["Day"];
            /**
             * Format: int32
             * @description On a make-up day: whose lessons, 1 to 7.
             */
            follows_weekday?: number | null;
            /** @description How. */
            kind: components["schemas"]["TermDayKind"];
            /** @description E.g. 国庆节. */
            name: string;
        };
        /**
         * @description What is unlike other days.
         * @enum {string}
         */
        TermDayKind: "holiday" | "make_up";
        /** @description A school term of a county. */
        TermId: string;
        /** @description `POST /api/terms`, `PUT /api/terms/{id}` */
        TermInput: {
            /** @description Cancel lessons on days that become days off; without it they are named and nothing is changed. */
            cancel_lessons?: boolean;
            /** @description Holidays and make-up days. */
            days?: components["schemas"]["TermDay"][];
            /** @description A Monday. */
            first_day: components["schemas"]["Day"];
            /** @description Name. */
            name: string;
            /** @description Its county. */
            org_id: components["schemas"]["OrgId"];
            /**
             * Format: int32
             * @description 1 to 30.
             */
            weeks: number;
        };
        /** @description A term. */
        TermView: {
            /** @description Holidays and make-up days. */
            days: components["schemas"]["TermDay"][];
            /** @description A Monday: week 1 begins. */
            first_day: components["schemas"]["Day"];
            /** @description Identity. */
            id: components["schemas"]["TermId"];
            /** @description Name. */
            name: string;
            /** @description Its county (or a place above). */
            org_id: components["schemas"]["OrgId"];
            /**
             * Format: int32
             * @description 1 to 30.
             */
            weeks: number;
        };
        /** @description A receiving class of a lesson. */
        TimetableClass: {
            /** @description Was its room in the lesson? Absent before. */
            attended?: boolean | null;
            /** @description The class. */
            class_id: components["schemas"]["ClassId"];
            /** @description Its name. */
            class_name: string;
            /** @description Where it sits. */
            classroom_id: components["schemas"]["ClassroomId"];
            /** @description Its school. */
            org_id: components["schemas"]["OrgId"];
            /** @description The school's name. */
            org_name: string;
            /**
             * Format: int32
             * @description Its own school's period, in which the lesson lies.
             */
            period: number;
        };
        /**
         * @description What changed. `GET /api/timetable/events` sends it as event `changed`; whoever shows one of these weeks or lessons
         *     reads them anew. An event `missed` has no data: some changes were not told, so everything shown is read anew.
         */
        TimetableEvent: {
            /** @description The first [`MAX_CHANGED`] of the lessons. */
            lesson_ids: components["schemas"]["TimetableLessonId"][];
            /** @description The term. */
            term_id: components["schemas"]["TermId"];
            /** @description Weeks of it, from 1. */
            weeks: number[];
        };
        /** @description A lesson of a timetable; the live lesson it becomes has a [`LessonId`]. */
        TimetableLessonId: string;
        /** @description A lesson as somebody wants it. `POST /api/terms/{id}/lessons` */
        TimetableLessonInput: {
            /** @description Receiving classes, 0 to 16. */
            class_ids: components["schemas"]["ClassId"][];
            /** @description Where they teach. */
            classroom_id: components["schemas"]["ClassroomId"];
            /** @description Which day. */
            day: components["schemas"]["Day"];
            /**
             * Format: int32
             * @description 1 to 9.
             */
            grade: number;
            kind?: components["schemas"]["LessonKind"] | null;
            pairing_id?: components["schemas"]["PairingId"] | null;
            /**
             * Format: int32
             * @description The master school's period.
             */
            period: number;
            /** @description Subject. */
            subject: string;
            /** @description The teacher. */
            teacher_id: components["schemas"]["PersonId"];
            /** @description Absent: grade and subject. */
            title?: string | null;
        };
        /** @description A lesson of a timetable. */
        TimetableLessonView: {
            /** @description Receiving classes. */
            classes: components["schemas"]["TimetableClass"][];
            /** @description Where they teach. */
            classroom_id: components["schemas"]["ClassroomId"];
            /** @description That room's name. */
            classroom_name: string;
            /** @description Which day. */
            day: components["schemas"]["Day"];
            /** @description Ends. */
            ends_at: components["schemas"]["UnixMillis"];
            /**
             * Format: int32
             * @description 1 to 9.
             */
            grade: number;
            /** @description Identity. */
            id: components["schemas"]["TimetableLessonId"];
            /** @description What kind. */
            kind: components["schemas"]["LessonKind"];
            lesson_id?: components["schemas"]["LessonId"] | null;
            /** @description The master school. */
            org_id: components["schemas"]["OrgId"];
            /** @description Its name. */
            org_name: string;
            pairing_id?: components["schemas"]["PairingId"] | null;
            /**
             * Format: int32
             * @description The master school's period.
             */
            period: number;
            /** @description Why it was cancelled or missed. */
            reason?: string | null;
            /** @description Begins. */
            starts_at: components["schemas"]["UnixMillis"];
            /** @description Where it stands. */
            state: components["schemas"]["TimetableState"];
            /** @description Subject. */
            subject: string;
            /** @description The teacher. */
            teacher_id: components["schemas"]["PersonId"];
            /** @description Their name. */
            teacher_name: string;
            /** @description Its term. */
            term_id: components["schemas"]["TermId"];
            /** @description Title. */
            title: string;
            /**
             * Format: int32
             * @description Grows with every change.
             */
            version: number;
            /**
             * Format: int32
             * @description Week of the term, from 1.
             */
            week: number;
        };
        /**
         * @description Where a timetable's lesson stands.
         * @enum {string}
         */
        TimetableState: "planned" | "cancelled" | "held" | "missed";
        /** @description A lesson of today. */
        TodayLesson: {
            /** @description Can the caller start it? `POST /api/timetable-lessons/{id}/start` answers with the page to open. */
            can_start: boolean;
            /** @description The lesson. */
            lesson: components["schemas"]["TimetableLessonView"];
        };
        /** @description `GET /api/today`: what the caller teaches, or what their school receives and gives today. */
        TodayView: {
            /** @description Which day it is in Shanghai. */
            day: components["schemas"]["Day"];
            /** @description By time. */
            lessons: components["schemas"]["TodayLesson"][];
        };
        /**
         * Format: int64
         * @description Milliseconds since 1970-01-01T00:00:00Z.
         */
        UnixMillis: number;
        /** @description A class and subject that the draft does not serve in full. */
        Unserved: {
            /** @description The class. */
            class_id: components["schemas"]["ClassId"];
            /** @description Its name. */
            class_name: string;
            /**
             * Format: int32
             * @description Periods a week that are missing.
             */
            missing: number;
            /** @description Its school. */
            org_name: string;
            /** @description Why, in the caller's language. */
            reasons: string[];
            /** @description What would serve it, smallest first, in the caller's language. */
            remedies: string[];
            /** @description Subject. */
            subject: string;
        };
        /**
         * @description The video codec of a whole lesson: what its weakest participant decodes.
         * @enum {string}
         */
        VideoCodec: "h264" | "vp8";
        /** @description `GET /api/terms/{id}/weeks/{week}` */
        WeekView: {
            /** @description There are more. */
            is_cut: boolean;
            /** @description At most 2,000, by time. */
            lessons: components["schemas"]["TimetableLessonView"][];
            /** @description Its Monday. */
            monday: components["schemas"]["Day"];
            /** @description The term. */
            term: components["schemas"]["TermView"];
            /**
             * Format: int32
             * @description From 1.
             */
            week: number;
        };
        /** @description The first message of a session. */
        Welcome: {
            device?: components["schemas"]["DeviceView"] | null;
            lesson?: components["schemas"]["LessonView"] | null;
            media?: components["schemas"]["MediaGrant"] | null;
            /** @description What the credential makes the page. */
            role: components["schemas"]["Role"];
            /** @description Signaling's clock, so that the page can show lesson time. */
            server_time: components["schemas"]["UnixMillis"];
            /** @description Name it in [`Resume`]. */
            session_id: components["schemas"]["SessionId"];
            you?: components["schemas"]["ParticipantId"] | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
