#![allow(clippy::unwrap_used)]

use super::*;
use LessonEventKind as Kind;
use LessonState as S;

fn participant(name: &str) -> ParticipantId {
    ParticipantId::new(name).unwrap()
}

fn context(now: i64) -> Context {
    Context {
        now: UnixMillis(now),
        fresh_recording: RecordingId::new("rec-1").unwrap(),
        fresh_code: Code::parse("654321").unwrap(),
    }
}

fn seat(name: &str, role: Role) -> Seat {
    Seat {
        id: participant(name),
        role,
        name: name.into(),
        device_id: None,
        muted: false,
        hand_raised_at: None,
        last_on_stage_at: None,
        expelled_at: None,
    }
}

fn lesson(state: S) -> Lesson {
    Lesson {
        id: LessonId::new("lesson").unwrap(),
        title: "三年级音乐：茉莉花".into(),
        state,
        video_codec: VideoCodec::H264,
        record: true,
        code: Code::parse("123456"),
        created_at: UnixMillis(0),
        starts_at: None,
        started_at: None,
        ended_at: None,
        seats: vec![
            seat("teacher", Role::Teacher),
            seat("three", Role::Classroom),
            seat("four", Role::Classroom),
            seat("aide", Role::Assistant),
            seat("guest", Role::Observer),
        ],
        on_stage: None,
        recording_id: None,
        last_event_seq: 0,
        resource_id: None,
    }
}

fn desk(lesson: &Lesson, now: i64, command: Command) -> Result<Step, Refusal> {
    step(lesson, &context(now), By::Desk, command)
}

fn kinds(step: &Step) -> Vec<Kind> {
    step.log.iter().map(|event| event.kind.clone()).collect()
}

#[test]
fn every_state_answers_every_transition_as_the_table_says() {
    let states =
        [S::Scheduled, S::Open, S::Live, S::Paused, S::Ended, S::Processing, S::Published, S::Failed];
    // One row a command, one column a state; None is a refusal.
    let table: [(Command, [Option<S>; 8]); 10] = [
        (
            Command::Open,
            [Some(S::Open), Some(S::Open), Some(S::Live), Some(S::Paused), None, None, None, None],
        ),
        (Command::Start, [Some(S::Live), Some(S::Live), Some(S::Live), None, None, None, None, None]),
        (Command::Pause, [None, None, Some(S::Paused), Some(S::Paused), None, None, None, None]),
        (Command::Continue, [None, None, Some(S::Live), Some(S::Live), None, None, None, None]),
        (
            Command::End,
            [
                Some(S::Ended),
                Some(S::Ended),
                Some(S::Ended),
                Some(S::Ended),
                Some(S::Ended),
                Some(S::Processing),
                Some(S::Published),
                Some(S::Failed),
            ],
        ),
        (
            Command::Process(ResourceId::new("r").unwrap()),
            [None, None, None, None, Some(S::Processing), None, None, None],
        ),
        (Command::Composed, [None, None, None, None, None, Some(S::Published), Some(S::Published), None]),
        (Command::ComposeFailed, [None, None, None, None, None, Some(S::Failed), None, Some(S::Failed)]),
        (
            Command::RetryCompose,
            [None, None, None, None, None, Some(S::Processing), None, Some(S::Processing)],
        ),
        (
            Command::ForgetResource,
            [None, None, None, None, Some(S::Ended), Some(S::Ended), Some(S::Ended), Some(S::Ended)],
        ),
    ];
    for (command, row) in table {
        for (state, expected) in states.into_iter().zip(row) {
            let outcome = desk(&lesson(state), 1, command.clone());
            match expected {
                Some(next) => assert_eq!(outcome.unwrap().lesson.state, next, "{command:?} in {state:?}"),
                None => assert_eq!(outcome, Err(Refusal::NotNow(state)), "{command:?} in {state:?}"),
            }
        }
    }
}

#[test]
fn a_command_that_came_twice_is_the_same_as_once() {
    let commands = [
        Command::Start,
        Command::CallOnStage(Some(participant("three"))),
        Command::Mute(participant("three"), true),
        Command::SetRecording(false),
        Command::NameTeacher("王老师".into()),
        Command::Pause,
        Command::Expel(participant("four")),
        Command::End,
    ];
    let mut now = lesson(S::Open);
    for command in commands {
        let once = desk(&now, 1, command.clone()).unwrap();
        let twice = desk(&once.lesson, 2, command.clone()).unwrap();
        assert_eq!(once.lesson, twice.lesson, "{command:?}");
        assert!(twice.log.is_empty(), "{command:?}");
        now = once.lesson;
    }
}

#[test]
fn only_the_teacher_runs_the_lesson() {
    let running = [
        Command::Start,
        Command::Pause,
        Command::Continue,
        Command::End,
        Command::CallOnStage(None),
        Command::SetRecording(false),
        Command::Expel(participant("four")),
        Command::Mute(participant("four"), true),
    ];
    for command in running {
        for who in ["three", "aide", "guest", "stranger"] {
            let id = participant(who);
            let outcome = step(&lesson(S::Live), &context(1), By::Participant(&id), command.clone());
            assert_eq!(outcome, Err(Refusal::NotAllowed), "{who} {command:?}");
        }
    }
    let inner = [
        Command::Admit(newcomer("five", Role::Classroom)),
        Command::NameTeacher("王老师".into()),
        Command::Composed,
        Command::ForgetResource,
    ];
    for command in inner {
        let id = participant("teacher");
        let outcome = step(&lesson(S::Live), &context(1), By::Participant(&id), command.clone());
        assert_eq!(outcome, Err(Refusal::NotAllowed), "{command:?}");
    }
}

#[test]
fn a_classroom_mutes_itself_and_raises_its_own_hand() {
    let id = participant("three");
    let muted = step(&lesson(S::Live), &context(1), By::Participant(&id), Command::Mute(id.clone(), true));
    assert!(muted.unwrap().lesson.seat(&id).unwrap().muted);
    let raised = step(&lesson(S::Live), &context(5), By::Participant(&id), Command::RaiseHand(true)).unwrap();
    assert_eq!(raised.lesson.seat(&id).unwrap().hand_raised_at, Some(UnixMillis(5)));
    let again = step(&raised.lesson, &context(9), By::Participant(&id), Command::RaiseHand(true)).unwrap();
    assert_eq!(again.lesson.seat(&id).unwrap().hand_raised_at, Some(UnixMillis(5)), "keeps its turn");
}

#[test]
fn being_called_lowers_the_hand() {
    let id = participant("three");
    let raised = step(&lesson(S::Live), &context(5), By::Participant(&id), Command::RaiseHand(true)).unwrap();
    let called = desk(&raised.lesson, 6, Command::CallOnStage(Some(id.clone()))).unwrap();
    let seat = called.lesson.seat(&id).unwrap();
    assert_eq!((seat.hand_raised_at, seat.last_on_stage_at), (None, Some(UnixMillis(6))));
}

#[test]
fn only_a_classroom_comes_on_stage() {
    let call = |who: &str| desk(&lesson(S::Live), 1, Command::CallOnStage(Some(participant(who))));
    assert_eq!(call("teacher"), Err(Refusal::NotAClassroom));
    assert_eq!(call("guest"), Err(Refusal::NotAClassroom));
    assert_eq!(call("stranger"), Err(Refusal::NoSuchParticipant));
}

#[test]
fn an_expelled_classroom_leaves_the_stage_and_its_id_is_not_given_again() {
    let called = desk(&lesson(S::Live), 1, Command::CallOnStage(Some(participant("three")))).unwrap();
    let expelled = desk(&called.lesson, 2, Command::Expel(participant("three"))).unwrap().lesson;
    assert_eq!(expelled.on_stage, None);
    assert!(expelled.seat(&participant("three")).is_none());
    let mut back = newcomer("fresh", Role::Classroom);
    back.name = "three".into();
    let admitted = desk(&expelled, 3, Command::Admit(back)).unwrap().lesson;
    assert_eq!(admitted.classrooms().map(|seat| seat.id.as_str()).collect::<Vec<_>>(), ["four", "fresh"]);
    assert_eq!(desk(&expelled, 3, Command::Expel(participant("teacher"))), Err(Refusal::TeacherStays));
}

fn newcomer(name: &str, role: Role) -> Newcomer {
    Newcomer { id: participant(name), role, name: name.into(), device_id: None }
}

#[test]
fn the_seventeenth_classroom_is_refused() {
    let mut now = lesson(S::Open);
    for number in 2..MAX_CLASSROOMS {
        now = desk(&now, 1, Command::Admit(newcomer(&format!("c{number}"), Role::Classroom))).unwrap().lesson;
    }
    assert_eq!(desk(&now, 1, Command::Admit(newcomer("late", Role::Classroom))), Err(Refusal::Full));
    assert!(desk(&now, 1, Command::Admit(newcomer("three", Role::Classroom))).is_ok(), "has a seat");
}

#[test]
fn helpers_and_onlookers_are_limited_each_by_their_own_number() {
    let mut now = lesson(S::Open);
    // One of each is there already.
    for number in 1..MAX_ASSISTANTS.max(MAX_OBSERVERS) {
        for (role, max) in [(Role::Assistant, MAX_ASSISTANTS), (Role::Observer, MAX_OBSERVERS)] {
            if number < max {
                let name = format!("{role:?}-{number}");
                now = desk(&now, 1, Command::Admit(newcomer(&name, role))).unwrap().lesson;
            }
        }
    }
    for role in [Role::Assistant, Role::Observer] {
        assert_eq!(desk(&now, 1, Command::Admit(newcomer("late", role))), Err(Refusal::Full), "{role:?}");
    }
    assert!(
        desk(&now, 1, Command::Admit(newcomer("room", Role::Classroom))).is_ok(),
        "classrooms have their own"
    );
}

#[test]
fn a_recording_knows_the_stage_and_the_mutes_it_began_with() {
    let mut now = desk(&lesson(S::Open), 1, Command::CallOnStage(Some(participant("three")))).unwrap().lesson;
    now = desk(&now, 2, Command::Mute(participant("four"), true)).unwrap().lesson;
    let started = desk(&now, 3, Command::Start).unwrap();
    assert_eq!(
        kinds(&started),
        [
            Kind::Live { teacher: participant("teacher") },
            Kind::Stage { participant: Some(participant("three")), name: Some("three".into()) },
            Kind::Muted { participant: participant("four"), muted: true },
        ]
    );
    assert_eq!(started.log.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn breaks_and_switching_recording_off_are_the_same_to_the_recording() {
    let live = desk(&lesson(S::Open), 1, Command::Start).unwrap().lesson;
    let teacher = Kind::Live { teacher: participant("teacher") };
    let off = desk(&live, 2, Command::SetRecording(false)).unwrap();
    assert_eq!(kinds(&off), [Kind::Paused]);
    let paused = desk(&off.lesson, 3, Command::Pause).unwrap();
    assert_eq!(kinds(&paused), []);
    let on = desk(&paused.lesson, 4, Command::SetRecording(true)).unwrap();
    assert_eq!(kinds(&on), []);
    let goes_on = desk(&on.lesson, 5, Command::Continue).unwrap();
    assert_eq!(kinds(&goes_on), [teacher]);
    let ended = desk(&goes_on.lesson, 6, Command::End).unwrap();
    assert_eq!(kinds(&ended), [Kind::Ended]);
    assert_eq!(ended.log[0].seq, 4);
}

#[test]
fn a_lesson_that_was_not_to_be_recorded_logs_nothing() {
    let quiet = Lesson { record: false, ..lesson(S::Open) };
    let live = desk(&quiet, 1, Command::Start).unwrap();
    assert_eq!((live.lesson.recording_id.clone(), live.log), (None, vec![]));
    let ended = desk(&live.lesson, 2, Command::End).unwrap();
    assert_eq!((ended.lesson.recording_id, ended.log, ended.lesson.code), (None, vec![], None));
}

#[test]
fn a_code_is_never_printed() {
    assert!(!format!("{:?}", lesson(S::Open)).contains("123456"));
    assert!(Code::parse("12345a").is_none() && Code::parse("1234567").is_none());
}

#[test]
fn a_scheduled_lesson_gets_its_code_when_it_opens_and_an_open_one_keeps_its_own() {
    let scheduled = Lesson { code: None, ..lesson(S::Scheduled) };
    for command in [Command::Open, Command::Start] {
        let opened = desk(&scheduled, 1, command).unwrap().lesson;
        assert_eq!(opened.code, Code::parse("654321"));
    }
    let begun = desk(&scheduled, 1, Command::Start).unwrap();
    assert_eq!(kinds(&begun), [Kind::Live { teacher: participant("teacher") }]);
    assert_eq!(desk(&lesson(S::Open), 1, Command::Start).unwrap().lesson.code, Code::parse("123456"));
}
