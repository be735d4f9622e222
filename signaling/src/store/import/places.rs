//! Places, bell times, terms, what is prescribed, classrooms.

use super::{Change, Place, Work};
use crate::calendar::Calendar;
use crate::fresh;
use crate::import::headings::Col;
use crate::import::said::{BellRow, DayRow, OrgRow};
use crate::import::table::At;
use crate::places::check;
use crate::store::timetable::planned_days;
use crate::store::{StoreError, bell, classroom, curriculum, org, term};
use std::collections::BTreeMap;
use tongtang_protocol::calendar::{
    BellPeriod, BellScheduleInput, BellScheduleView, TermDay, TermInput, TermView,
};
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::{ClassroomInput, ClassroomView, OrgInput, OrgKind, OrgView, Prescribed};

impl Work<'_, '_> {
    /// Places, those above before those below, then the bell times that they keep, then which they keep to.
    pub(super) async fn orgs(&mut self) -> Result<(), StoreError> {
        let said = self.wanted.said;
        let known = |row: &OrgRow| self.places.get(&row.code).map(|place| place.view.kind);
        let kind = |row: &OrgRow| row.kind.said().or(known(row)).unwrap_or(OrgKind::School);
        let mut rows: Vec<(&OrgRow, OrgKind)> = said.orgs.iter().map(|row| (row, kind(row))).collect();
        rows.sort_by_key(|(_, kind)| *kind);
        let mut written = Vec::new();
        for (row, kind) in rows {
            let before = self.places.get(&row.code).map(|place| place.view.clone());
            match self.place_row(row, kind, before.as_ref()).await? {
                Some(place) => {
                    self.places.insert(row.code.clone(), place);
                    written.push((row, before));
                }
                None => {
                    self.bad.insert(row.code.clone());
                }
            }
        }
        // Who moved took along what lies below.
        let codes: Vec<String> = self.places.keys().cloned().collect();
        let codes = crate::store::json_list(codes.iter().map(String::as_str));
        for (view, path) in org::coded(self.tx, self.wanted.path, &codes).await? {
            self.places.insert(view.code.clone(), Place { view, path });
        }
        self.bells().await?;
        for (row, before) in written {
            self.keeps_to(row, before.as_ref()).await?;
        }
        Ok(())
    }

    /// One place, with the bell times that it had. None: it is wrong.
    async fn place_row(
        &mut self,
        row: &OrgRow,
        kind: OrgKind,
        before: Option<&OrgView>,
    ) -> Result<Option<Place>, StoreError> {
        let (at, top) = (row.at, self.wanted.org);
        let parent_id = match (before, &row.parent) {
            // The place that is imported into stays where it is.
            (Some(before), _) if before.id == top.id => before.parent_id.clone(),
            (before, None) => before.map_or(Some(top.id.clone()), |before| before.parent_id.clone()),
            (_, Some(code)) => match self.place(at, Col::Parent, Some(code)) {
                Some(parent) => Some(parent.view.id),
                None => return Ok(None),
            },
        };
        let Some(name) = row.name.clone().said().or(before.map(|before| before.name.clone())) else {
            self.missing(at, Col::Name);
            return Ok(None);
        };
        let input = OrgInput {
            parent_id,
            kind,
            code: row.code.clone(),
            name,
            link_down_kbps: row.down.or(before.and_then(|before| before.link_down_kbps)),
            link_up_kbps: row.up.or(before.and_then(|before| before.link_up_kbps)),
            lessons_at_once: row.at_once.or(before.map(|before| before.lessons_at_once)),
            bell_schedule_id: before.and_then(|before| before.bell_schedule_id.clone()),
        };
        let input = match check::org(input) {
            Ok(input) => input,
            Err(bad) => {
                self.bad(at, &bad);
                return Ok(None);
            }
        };
        let view = OrgView {
            id: before.map_or_else(fresh::org_id, |before| before.id.clone()),
            parent_id: input.parent_id,
            kind: input.kind,
            code: input.code,
            name: input.name,
            link_down_kbps: input.link_down_kbps,
            link_up_kbps: input.link_up_kbps,
            lessons_at_once: input.lessons_at_once.unwrap_or(1),
            bell_schedule_id: input.bell_schedule_id,
        };
        let outcome = match before {
            None => org::add(self.tx, &view, self.wanted.now, self.wanted.seen).await,
            Some(before) if *before != view => org::replace(self.tx, &view, self.wanted.seen).await.map(drop),
            Some(_) => Ok(()),
        };
        if let Err(error) = outcome {
            self.refused(at, error)?;
            return Ok(None);
        }
        let path = org::path_of(self.tx, &view.id).await?.unwrap_or_default();
        Ok(Some(Place { view, path }))
    }

    /// Which bell times a place keeps to, now that all are there; and what became of it in all.
    async fn keeps_to(&mut self, row: &OrgRow, before: Option<&OrgView>) -> Result<(), StoreError> {
        let Some(place) = self.places.get(&row.code).cloned() else { return Ok(()) };
        let mut view = place.view;
        if let Some(name) = row.bells.clone().said() {
            view.bell_schedule_id = match name {
                None => None,
                Some(name) => match bell::named(self.tx, name.trim(), &place.path).await? {
                    Some(bells) => Some(bells),
                    None => {
                        self.not_there(row.at, Col::Bells, &name);
                        return Ok(());
                    }
                },
            };
        }
        let is_other = self.places.get(&row.code).is_some_and(|place| place.view != view);
        if is_other {
            if let Err(error) = org::replace(self.tx, &view, self.wanted.seen).await {
                return self.refused(row.at, error);
            }
            if let Some(place) = self.places.get_mut(&row.code) {
                place.view = view.clone();
            }
        }
        self.told.count("orgs", Change::of(before, &view));
        Ok(())
    }

    async fn bells(&mut self) -> Result<(), StoreError> {
        let mut of: BTreeMap<(Option<&str>, &str), Vec<&BellRow>> = BTreeMap::new();
        for row in &self.wanted.said.bells {
            of.entry((row.org.as_deref(), row.name.trim())).or_default().push(row);
        }
        let known = bell::of_orgs(self.tx, &self.place_ids()).await?;
        for ((code, name), mut rows) in of {
            let first = rows[0].at;
            let Some(place) = self.place(first, Col::Org, code) else { continue };
            rows.sort_by_key(|row| row.period);
            let Some(periods) = self.periods(&rows) else { continue };
            let org_id = place.view.id;
            let before = known.iter().find(|bells| bells.org_id == org_id && bells.name == name);
            let input = BellScheduleInput { org_id, name: name.to_owned(), periods };
            let input = match check::bells(input) {
                Ok(input) => input,
                Err(bad) => {
                    self.bad(first, &bad);
                    continue;
                }
            };
            let view = BellScheduleView {
                id: before.map_or_else(fresh::bell_schedule_id, |before| before.id.clone()),
                org_id: input.org_id,
                name: input.name,
                periods: input.periods,
            };
            let outcome = match before {
                None => bell::add(self.tx, &view).await,
                Some(before) if *before != view => bell::replace(self.tx, &view).await.map(drop),
                Some(_) => Ok(()),
            };
            match outcome {
                Ok(()) => self.told.count("bells", Change::of(before, &view)),
                Err(error) => self.refused(first, error)?,
            }
        }
        Ok(())
    }

    /// Periods of a day in their order; what is wrong with one is told at its row.
    fn periods(&mut self, rows: &[&BellRow]) -> Option<Vec<BellPeriod>> {
        let mut periods = Vec::new();
        for row in rows {
            periods.push(BellPeriod {
                period: row.period,
                starts_min: row.starts_min,
                ends_min: row.ends_min,
            });
            if let Err(bad) = check::periods(&periods) {
                self.bad(row.at, &bad);
                return None;
            }
        }
        Some(periods)
    }

    pub(super) async fn terms(&mut self) -> Result<(), StoreError> {
        let said = self.wanted.said;
        if said.terms.is_empty() && said.days.is_empty() {
            return Ok(());
        }
        let known = term::of_orgs(self.tx, &self.place_ids()).await?;
        let mut drafts: Vec<(At, TermView)> = Vec::new();
        for row in &said.terms {
            let Some(place) = self.place(row.at, Col::Org, row.org.as_deref()) else { continue };
            let org_id = place.view.id;
            let before = known.iter().find(|term| term.org_id == org_id && term.first_day == row.first_day);
            let draft = TermView {
                id: before.map_or_else(fresh::term_id, |before| before.id.clone()),
                org_id,
                name: row.name.clone(),
                first_day: row.first_day,
                weeks: row.weeks,
                days: before.map(|before| before.days.clone()).unwrap_or_default(),
            };
            drafts.push((row.at, draft));
        }
        let mut of: BTreeMap<(Option<&str>, &str), Vec<&DayRow>> = BTreeMap::new();
        for row in &said.days {
            of.entry((row.org.as_deref(), row.term.trim())).or_default().push(row);
        }
        for ((code, name), mut rows) in of {
            let first = rows[0].at;
            let Some(place) = self.place(first, Col::Org, code) else { continue };
            let is_it = |term: &TermView| term.org_id == place.view.id && term.name.trim() == name;
            let drafted = drafts.iter().position(|(_, draft)| is_it(draft));
            let at = match (drafted, known.iter().find(|term| is_it(term))) {
                (Some(at), _) => at,
                (None, Some(term)) => {
                    drafts.push((first, term.clone()));
                    drafts.len() - 1
                }
                (None, None) => {
                    self.not_there(first, Col::Term, name);
                    continue;
                }
            };
            rows.sort_by_key(|row| row.day);
            drafts[at].1.days.clear();
            for row in rows {
                let day = TermDay {
                    day: row.day,
                    kind: row.kind,
                    follows_weekday: row.follows,
                    name: row.name.clone(),
                };
                let alone = TermView { days: vec![day.clone()], ..drafts[at].1.clone() };
                match check::term(input_of(alone)) {
                    Ok(input) => drafts[at].1.days.extend(input.days),
                    Err(bad) => self.bad(row.at, &bad),
                }
            }
        }
        for (at, draft) in drafts {
            let before = known.iter().find(|term| term.id == draft.id);
            let id = draft.id.clone();
            let input = match check::term(input_of(draft)) {
                Ok(input) => input,
                Err(bad) => {
                    self.bad(at, &bad);
                    continue;
                }
            };
            let view = TermView {
                id,
                org_id: input.org_id,
                name: input.name,
                first_day: input.first_day,
                weeks: input.weeks,
                days: input.days,
            };
            if before.is_some() && !self.keeps_lessons(at, &view).await? {
                continue;
            }
            let outcome = match before {
                None => term::add(self.tx, &view).await,
                Some(before) if *before != view => term::replace(self.tx, &view).await.map(drop),
                Some(_) => Ok(()),
            };
            match outcome {
                Ok(()) => self.told.count("terms", Change::of(before, &view)),
                Err(error) => self.refused(at, error)?,
            }
        }
        Ok(())
    }

    /// No lesson is planned on a day that the term, as it is to be, has off: calling them off wants somebody's word, which the
    /// term's page asks for.
    async fn keeps_lessons(&mut self, at: At, term: &TermView) -> Result<bool, StoreError> {
        let calendar = Calendar::new(term);
        let planned = planned_days(self.tx, &term.id, self.wanted.now).await?;
        let Some(off) = planned.into_iter().find(|day| calendar.of_day(*day).is_none()) else {
            return Ok(true);
        };
        let words = self.say(
            format!("{off} 已经排了课，不能由表格改为不上课。请在“学期”页面设置放假，并确认取消这些课"),
            format!(
                "lessons are planned on {off}; make it a day off on the page of terms, which asks whether they are to be cancelled"
            ),
        );
        self.wrong(at, Col::Day, words);
        Ok(false)
    }

    /// A subject that is listed has what its row says; the others stay.
    pub(super) async fn curriculum(&mut self) -> Result<(), StoreError> {
        let mut of: BTreeMap<OrgId, (At, Vec<Prescribed>)> = BTreeMap::new();
        let mut kept: BTreeMap<OrgId, Vec<Prescribed>> = BTreeMap::new();
        for (org, row) in curriculum::of_orgs(self.tx, &self.place_ids()).await? {
            kept.entry(org).or_default().push(row);
        }
        for row in &self.wanted.said.curriculum {
            let Some(place) = self.place(row.at, Col::Org, row.org.as_deref()) else { continue };
            let own = kept.get(&place.view.id);
            let (_, all) =
                of.entry(place.view.id.clone()).or_insert_with(|| (row.at, own.cloned().unwrap_or_default()));
            let subject = row.subject.trim();
            let was: Vec<Prescribed> = all.iter().filter(|one| one.subject == subject).cloned().collect();
            let mut now = Vec::new();
            let mut wrong = None;
            for (grade, given) in (1..).zip(row.of_grade) {
                let before = was.iter().find(|one| one.grade == grade).map(|one| one.weekly_periods);
                let Some(weekly_periods) = given.or(before) else { continue };
                match check::curriculum(vec![Prescribed {
                    subject: subject.to_owned(),
                    grade,
                    weekly_periods,
                }]) {
                    Ok(checked) => now.extend(checked),
                    Err(bad) => wrong = Some((Col::OfGrade(grade), bad)),
                }
            }
            if let Some((col, bad)) = wrong {
                let is_subject = bad.field == crate::places::Field::Subject;
                let words = bad.rule.words(self.wanted.language);
                self.wrong(row.at, if is_subject { Col::Subject } else { col }, words);
                continue;
            }
            all.retain(|one| one.subject != subject);
            all.extend(now.iter().cloned());
            let change =
                if was.is_empty() && !now.is_empty() { Change::Added } else { Change::of(Some(&was), &now) };
            self.told.count("curriculum", change);
        }
        for (org, (at, all)) in of {
            let mut all = match check::curriculum(all) {
                Ok(all) => all,
                Err(bad) => {
                    self.bad(at, &bad);
                    continue;
                }
            };
            let mut before = kept.remove(&org).unwrap_or_default();
            for list in [&mut all, &mut before] {
                list.sort_by(|a, b| (&a.subject, a.grade).cmp(&(&b.subject, b.grade)));
            }
            if all != before {
                curriculum::replace(self.tx, &org, &all).await?;
            }
        }
        Ok(())
    }

    /// The classrooms of these places (a JSON list of ids) are known from here on.
    pub(super) async fn find_rooms(&mut self, places: &str) -> Result<(), StoreError> {
        for room in classroom::of_orgs(self.tx, places).await? {
            self.rooms.insert((room.org_id.clone(), room.name.clone()), room);
        }
        Ok(())
    }

    pub(super) async fn rooms(&mut self) -> Result<(), StoreError> {
        let places = self.place_ids();
        self.find_rooms(&places).await?;
        for row in &self.wanted.said.rooms {
            let Some(place) = self.school(row.at, row.org.as_deref()) else { continue };
            let key = (place.view.id.clone(), row.name.trim().to_owned());
            let before = self.rooms.get(&key).cloned();
            let kept = before.as_ref().map(|before| before.max_receivers);
            let input = ClassroomInput {
                org_id: place.view.id,
                name: row.name.clone(),
                max_receivers: row.receivers.or(kept).unwrap_or_default(),
            };
            let input = match check::classroom(input) {
                Ok(input) => input,
                Err(bad) => {
                    self.bad(row.at, &bad);
                    self.bad.insert(row.name.clone());
                    continue;
                }
            };
            let view = ClassroomView {
                id: before.as_ref().map_or_else(fresh::classroom_id, |before| before.id.clone()),
                org_id: input.org_id,
                name: input.name,
                max_receivers: input.max_receivers,
                device_ids: Vec::new(),
            };
            let outcome = match &before {
                None => classroom::add(self.tx, &view).await,
                Some(before) if *before != view => classroom::replace(self.tx, &view).await.map(drop),
                Some(_) => Ok(()),
            };
            match outcome {
                Ok(()) => {
                    self.told.count("classrooms", Change::of(before.as_ref(), &view));
                    self.rooms.insert((view.org_id.clone(), view.name.clone()), view);
                }
                Err(error) => {
                    self.bad.insert(row.name.clone());
                    self.refused(row.at, error)?;
                }
            }
        }
        Ok(())
    }
}

fn input_of(term: TermView) -> TermInput {
    TermInput {
        org_id: term.org_id,
        name: term.name,
        first_day: term.first_day,
        weeks: term.weeks,
        days: term.days,
        cancel_lessons: false,
    }
}
