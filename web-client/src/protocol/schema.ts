// Generated from openapi.json by `npm run generate`; do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What a page can ask. Who may ask is in brackets. */
        Action: {
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
        /** @description How to get into a lesson. For the administrator and its teacher only. */
        LessonAccess: {
            /** @description The page of classroom screens. */
            classroom_url: string;
            /** @description Six digits; absent once the lesson is over. */
            code?: string | null;
            /** @description The lesson. */
            lesson: components["schemas"]["LessonView"];
            /** @description The secret alone, for the lesson WebSocket. */
            teacher_credential: string;
            /** @description The teacher's page, secret included. */
            teacher_url: string;
        };
        /** @description A lesson: one period taught by one teacher to its classrooms. */
        LessonId: string;
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
        /** @description `POST /api/lessons` */
        NewLesson: {
            /** @description Paired screens that join by themselves. */
            device_ids?: components["schemas"]["DeviceId"][] | null;
            /** @description Record it while live? Absent: yes. */
            record?: boolean | null;
            /** @description Title, e.g. 三年级音乐：茉莉花. */
            title: string;
            video_codec?: components["schemas"]["VideoCodec"] | null;
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
        /** @description What went wrong, what it means and what to do. */
        Problem: {
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
            lesson?: components["schemas"]["LessonView"] | null;
            media?: components["schemas"]["MediaGrant"] | null;
            /** @enum {string} */
            type: "assigned";
            you?: components["schemas"]["ParticipantId"] | null;
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
        /** @description One WHIP or WHEP session; the last path segment of its `Location`. */
        SessionId: string;
        /**
         * @description What the caller is to the desk pages.
         * @enum {string}
         */
        SessionRole: "admin" | "teacher" | "none";
        /** @description `GET /api/session` */
        SessionView: {
            lesson_id?: components["schemas"]["LessonId"] | null;
            /** @description What the caller is. */
            role: components["schemas"]["SessionRole"];
        };
        /** @description `POST /api/setup` */
        SetUp: {
            /** @description From the one-time link. */
            secret: string;
        };
        /**
         * @description Which of a participant's tracks.
         * @enum {string}
         */
        Source: "microphone" | "camera" | "board";
        /** @description `POST /api/teacher-session` */
        TeacherSignIn: {
            /** @description A teacher link's secret. */
            credential: string;
        };
        /**
         * Format: int64
         * @description Milliseconds since 1970-01-01T00:00:00Z.
         */
        UnixMillis: number;
        /**
         * @description The video codec of a whole lesson: what its weakest participant decodes.
         * @enum {string}
         */
        VideoCodec: "h264" | "vp8";
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
