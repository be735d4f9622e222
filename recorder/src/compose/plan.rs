//! The lesson's event log as a cutting plan: what is kept, who teaches, who is on stage, who is muted.
//!
//! In: the lesson's events and the span of time in which media arrived. Out: a [`Plan`], which maps
//! between the lesson's wall clock and the composed video's clock. Pauses are cut: the composed
//! video's length is the sum of the live intervals.

use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::{LessonEvent, LessonEventKind};
use tongtang_protocol::library::Chapter;

/// Microseconds since 1970, on the clock of the sfu and of signaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallUs(pub i64);

/// Microseconds since the first picture of the composed video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutUs(pub i64);

/// Chapters of one resource. The stage changes behind the last one stay without a chapter.
pub const MAX_CHAPTERS: usize = 200;

/// Longest lesson that is composed, in hours. A longer one ends here: an event log that claims more
/// would fill the disk with a still picture.
pub const MAX_LESSON_HOURS: i64 = 12;

/// Two chapters closer than this are one: the later of them.
const MIN_CHAPTER_US: i64 = 1_000_000;

/// An interval of the lesson that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Begin.
    pub from: WallUs,
    /// End, not included.
    pub to: WallUs,
    /// Where it begins in the composed video.
    pub out: OutUs,
    /// Who teaches.
    pub teacher: Option<ParticipantId>,
}

/// Why there is nothing to plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No live interval and no media.
    #[error("the lesson was never live and nothing was captured")]
    NeverLive,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stage {
    from: WallUs,
    participant: Option<ParticipantId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mute {
    from: WallUs,
    participant: ParticipantId,
    muted: bool,
}

/// The cutting plan of one lesson.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    live: Vec<Live>,
    stages: Vec<Stage>,
    mutes: Vec<Mute>,
    chapters: Vec<Chapter>,
}

impl Plan {
    /// Reads the event log. `media` is when the first and the last packet arrived: it closes a lesson
    /// whose end was not logged, and stands for the whole lesson where nothing was logged at all.
    pub fn new(events: &[LessonEvent], media: Option<(WallUs, WallUs)>) -> Result<Self, PlanError> {
        let live = live_intervals(events, media);
        if live.is_empty() {
            return Err(PlanError::NeverLive);
        }
        let mut plan = Self { live, stages: Vec::new(), mutes: Vec::new(), chapters: Vec::new() };
        plan.chapters.push(Chapter { at_ms: 0, title: "开始".into() });
        for event in events {
            let from = WallUs(event.at.0.saturating_mul(1000));
            match &event.kind {
                LessonEventKind::Stage { participant, name } => {
                    plan.stages.push(Stage { from, participant: participant.clone() });
                    if participant.is_some() {
                        plan.add_chapter(from, name.as_deref());
                    }
                }
                LessonEventKind::Muted { participant, muted } => {
                    plan.mutes.push(Mute { from, participant: participant.clone(), muted: *muted });
                }
                LessonEventKind::Live { .. } | LessonEventKind::Paused | LessonEventKind::Ended => {}
            }
        }
        Ok(plan)
    }

    fn add_chapter(&mut self, at: WallUs, name: Option<&str>) {
        let Some(out) = self.next_out(at) else { return };
        let title = format!("{}上台", name.unwrap_or("课堂"));
        if let Some(last) = self.chapters.last_mut()
            && is_close(last.at_ms, out)
            && last.at_ms > 0
        {
            *last = Chapter { at_ms: last.at_ms, title };
        } else if self.chapters.len() < MAX_CHAPTERS {
            self.chapters.push(Chapter { at_ms: (out.0 / 1000) as u64, title });
        }
    }

    /// Fills in who teaches where no event says it.
    pub fn assume_teacher(&mut self, teacher: Option<&ParticipantId>) {
        for live in &mut self.live {
            live.teacher = live.teacher.take().or_else(|| teacher.cloned());
        }
    }

    /// Length of the composed video.
    pub fn duration(&self) -> OutUs {
        self.live.last().map_or(OutUs(0), |live| OutUs(live.out.0 + (live.to.0 - live.from.0)))
    }

    /// The kept intervals, in order.
    pub fn live(&self) -> &[Live] {
        &self.live
    }

    /// Chapters by position.
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// The moment of the lesson that is shown at a position; behind the end, the end.
    pub fn wall(&self, out: OutUs) -> WallUs {
        let at = self.live.partition_point(|live| live.out <= out).saturating_sub(1);
        let live = &self.live[at];
        WallUs((live.from.0 + (out.0 - live.out.0)).min(live.to.0))
    }

    /// The kept interval that a moment of the lesson lies in.
    pub fn live_at(&self, wall: WallUs) -> Option<&Live> {
        let at = self.live.partition_point(|live| live.from <= wall).checked_sub(1)?;
        self.live.get(at).filter(|live| wall < live.to)
    }

    /// Where a moment of the lesson stands in the composed video; nowhere, if it was cut.
    pub fn out(&self, wall: WallUs) -> Option<OutUs> {
        self.live_at(wall).map(|live| OutUs(live.out.0 + (wall.0 - live.from.0)))
    }

    /// As [`Self::out`], but a moment that was cut stands where the lesson went on.
    fn next_out(&self, wall: WallUs) -> Option<OutUs> {
        self.out(wall).or_else(|| self.live.iter().find(|live| live.from > wall).map(|live| live.out))
    }

    /// Who is on stage; the teacher is never on stage beside themselves.
    pub fn stage_at(&self, wall: WallUs) -> Option<&ParticipantId> {
        let at = self.stages.partition_point(|stage| stage.from <= wall).checked_sub(1)?;
        let on_stage = self.stages[at].participant.as_ref()?;
        let teaches = self.live_at(wall).and_then(|live| live.teacher.as_ref());
        (teaches != Some(on_stage)).then_some(on_stage)
    }

    /// Everybody who was on stage during the lesson.
    pub fn stage_participants(&self) -> impl Iterator<Item = &ParticipantId> {
        self.stages.iter().filter_map(|stage| stage.participant.as_ref())
    }

    /// Is a participant's microphone muted by the teacher?
    pub fn is_muted(&self, participant: &ParticipantId, wall: WallUs) -> bool {
        self.mutes
            .iter()
            .take_while(|mute| mute.from <= wall)
            .filter(|mute| mute.participant == *participant)
            .last()
            .is_some_and(|mute| mute.muted)
    }

    /// How much of an interval of the lesson is kept, in microseconds.
    pub fn kept_us(&self, from: WallUs, to: WallUs) -> i64 {
        self.live.iter().map(|live| (to.min(live.to).0 - from.max(live.from).0).max(0)).sum()
    }
}

fn is_close(last_ms: u64, out: OutUs) -> bool {
    out.0 - (last_ms as i64) * 1000 < MIN_CHAPTER_US
}

fn live_intervals(events: &[LessonEvent], media: Option<(WallUs, WallUs)>) -> Vec<Live> {
    let mut live: Vec<Live> = Vec::new();
    let mut open: Option<(WallUs, Option<ParticipantId>)> = None;
    let mut kept_us = 0;
    let mut close = |open: &mut Option<(WallUs, Option<ParticipantId>)>, to: WallUs| {
        let Some((from, teacher)) = open.take() else { return };
        let to = to.min(WallUs(from.0.saturating_add(MAX_LESSON_HOURS * 3_600_000_000 - kept_us)));
        if to > from {
            live.push(Live { from, to, out: OutUs(kept_us), teacher });
            kept_us += to.0 - from.0;
        }
    };
    let mut latest = WallUs(i64::MIN);
    for event in events {
        // Signaling's clock may be set back during a lesson; the plan's never runs backwards.
        let at = WallUs(event.at.0.saturating_mul(1000)).max(latest);
        latest = at;
        match &event.kind {
            LessonEventKind::Live { teacher } => {
                close(&mut open, at);
                open = Some((at, Some(teacher.clone())));
            }
            LessonEventKind::Paused | LessonEventKind::Ended => close(&mut open, at),
            LessonEventKind::Stage { .. } | LessonEventKind::Muted { .. } => {}
        }
    }
    if let Some((_, last)) = media {
        close(&mut open, last.max(latest));
    }
    if let (true, Some((first, last)), true) = (
        live.is_empty(),
        media,
        !events.iter().any(|event| matches!(event.kind, LessonEventKind::Live { .. })),
    ) {
        live.push(Live { from: first, to: last, out: OutUs(0), teacher: None });
    }
    live
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::units::UnixMillis;

    fn who(name: &str) -> ParticipantId {
        ParticipantId::new(name).unwrap()
    }

    fn log(kinds: Vec<(i64, LessonEventKind)>) -> Vec<LessonEvent> {
        (1..).zip(kinds).map(|(seq, (at, kind))| LessonEvent { seq, at: UnixMillis(at), kind }).collect()
    }

    fn live() -> LessonEventKind {
        LessonEventKind::Live { teacher: who("t") }
    }

    fn stage(name: &str) -> LessonEventKind {
        LessonEventKind::Stage { participant: Some(who(name)), name: Some(name.into()) }
    }

    #[test]
    fn a_pause_is_cut_and_both_clocks_agree_around_it() {
        let events = log(vec![
            (1_000, live()),
            (5_000, LessonEventKind::Paused),
            (9_000, live()),
            (12_000, LessonEventKind::Ended),
        ]);
        let plan = Plan::new(&events, None).unwrap();
        assert_eq!(plan.duration(), OutUs(7_000_000));
        assert_eq!(plan.wall(OutUs(3_999_999)), WallUs(4_999_999));
        assert_eq!(plan.wall(OutUs(4_000_000)), WallUs(9_000_000));
        assert_eq!(plan.out(WallUs(9_500_000)), Some(OutUs(4_500_000)));
        assert_eq!(plan.out(WallUs(6_000_000)), None);
        assert_eq!(plan.kept_us(WallUs(4_000_000), WallUs(10_000_000)), 2_000_000);
    }

    #[test]
    fn a_lesson_whose_end_was_not_logged_ends_with_its_last_packet() {
        let plan =
            Plan::new(&log(vec![(1_000, live())]), Some((WallUs(900_000), WallUs(4_000_000)))).unwrap();
        assert_eq!(plan.duration(), OutUs(3_000_000));
    }

    #[test]
    fn a_recording_without_events_is_kept_whole_and_an_empty_one_is_refused() {
        let plan = Plan::new(&[], Some((WallUs(5), WallUs(1_000_005)))).unwrap();
        assert_eq!(plan.duration(), OutUs(1_000_000));
        assert_eq!(Plan::new(&[], None), Err(PlanError::NeverLive));
    }

    #[test]
    fn stage_changes_become_chapters_and_a_quick_change_of_mind_becomes_one() {
        let named =
            |name: &str| LessonEventKind::Stage { participant: Some(who("c")), name: Some(name.into()) };
        let events = log(vec![
            (0, live()),
            (4_000, named("三班")),
            (4_500, named("四班")),
            (6_000, LessonEventKind::Stage { participant: None, name: None }),
            (8_000, LessonEventKind::Paused),
            (9_000, named("五班")),
            (10_000, live()),
            (12_000, LessonEventKind::Ended),
        ]);
        let chapters: Vec<_> = Plan::new(&events, None)
            .unwrap()
            .chapters()
            .iter()
            .map(|chapter| (chapter.at_ms, chapter.title.clone()))
            .collect();
        assert_eq!(
            chapters,
            vec![(0, "开始".into()), (4_000, "四班上台".into()), (8_000, "五班上台".into())]
        );
    }

    #[test]
    fn the_teacher_is_not_shown_twice_and_mutes_hold_until_they_are_lifted() {
        let events = log(vec![
            (0, live()),
            (1_000, stage("t")),
            (2_000, stage("c")),
            (3_000, LessonEventKind::Muted { participant: who("c"), muted: true }),
            (4_000, LessonEventKind::Muted { participant: who("c"), muted: false }),
            (9_000, LessonEventKind::Ended),
        ]);
        let plan = Plan::new(&events, None).unwrap();
        assert_eq!(plan.stage_at(WallUs(1_500_000)), None);
        assert_eq!(plan.stage_at(WallUs(2_500_000)), Some(&who("c")));
        assert!(!plan.is_muted(&who("c"), WallUs(2_999_999)));
        assert!(plan.is_muted(&who("c"), WallUs(3_500_000)));
        assert!(!plan.is_muted(&who("c"), WallUs(4_000_000)));
    }

    #[test]
    fn a_lesson_without_an_end_ends_after_twelve_hours_pauses_not_counted() {
        let hour_ms = 3_600_000;
        let events = log(vec![
            (0, live()),
            (hour_ms, LessonEventKind::Paused),
            (2 * hour_ms, live()),
            (1_000 * hour_ms, LessonEventKind::Ended),
        ]);
        let plan = Plan::new(&events, None).unwrap();
        assert_eq!(plan.duration(), OutUs(MAX_LESSON_HOURS * hour_ms * 1000));
        let absurd = log(vec![(i64::MAX, live()), (i64::MAX, LessonEventKind::Ended)]);
        assert_eq!(Plan::new(&absurd, None), Err(PlanError::NeverLive));
    }

    #[test]
    fn a_restless_stage_gives_so_many_chapters_and_no_more() {
        let calls = (0..2 * MAX_CHAPTERS as i64).map(|n| ((n + 1) * 2_000, stage(&format!("c{n}"))));
        let events = log([(0, live())].into_iter().chain(calls).collect());
        let plan = Plan::new(&events, Some((WallUs(0), WallUs(3_600_000_000)))).unwrap();
        let chapters = plan.chapters();
        assert_eq!(chapters.len(), MAX_CHAPTERS);
        assert_eq!(chapters.last().unwrap().at_ms, 2_000 * (MAX_CHAPTERS as u64 - 1), "the first ones stay");
        assert_eq!(
            plan.stage_at(WallUs(599_000_000)),
            Some(&who("c298")),
            "the stage is followed to the end"
        );
    }

    #[test]
    fn a_clock_set_back_never_makes_a_negative_interval() {
        let events = log(vec![(5_000, live()), (1_000, LessonEventKind::Ended)]);
        assert_eq!(Plan::new(&events, None), Err(PlanError::NeverLive));
    }
}
