//! The teachers of a school: five specialists at a central one, one for everything at a site.

use super::subjects::{GRADES, SUBJECTS, Specialist};
use super::{County, Kind, School, id, names};
use rand::Rng;
use rand::rngs::StdRng;
use tongtang_protocol::places::{TeachableSubject, TeacherView};

/// A central school's, in the order in which its teachers stand.
pub(super) const SPECIALISTS: [Specialist; 5] =
    [Specialist::Music, Specialist::Art, Specialist::English, Specialist::Science, Specialist::Pe];

/// Periods a week of a teacher at most.
const MAX_WEEKLY: u8 = 22;

/// Adds the school's teachers.
pub(super) fn of_school(county: &mut County, school: &School, rng: &mut StdRng) {
    match school.kind {
        Kind::Central => {
            for specialist in SPECIALISTS {
                let teacher = specialist_of(county, school, specialist, rng);
                county.teachers.push(teacher);
            }
        }
        Kind::Site => {
            let on_site = SUBJECTS.iter().filter(|subject| subject.on_site == 10);
            let subjects = on_site.map(|subject| teachable(subject.name, String::new())).collect();
            let teacher = teacher(county, school, 0, subjects, rng);
            county.teachers.push(teacher);
        }
    }
}

fn specialist_of(county: &County, school: &School, who: Specialist, rng: &mut StdRng) -> TeacherView {
    let subjects = SUBJECTS.iter().filter(|subject| subject.taught_by == Some(who));
    // Two of three are at home in every edition.
    let any = rng.random_bool(0.67);
    let subjects = subjects.map(|subject| {
        let edition = if any { "" } else { subject.editions[school.edition] };
        teachable(subject.name, edition.to_owned())
    });
    let delivered = if who == Specialist::Pe { 0 } else { rng.random_range(7..=10) };
    teacher(county, school, delivered, subjects.collect(), rng)
}

fn teachable(subject: &str, edition: String) -> TeachableSubject {
    TeachableSubject { subject: subject.to_owned(), grade_from: 1, grade_to: GRADES, edition }
}

fn teacher(
    county: &County,
    school: &School,
    max_delivered: u8,
    mut subjects: Vec<TeachableSubject>,
    rng: &mut StdRng,
) -> TeacherView {
    subjects.sort_by(|one, other| one.subject.cmp(&other.subject));
    let number = county.teachers.len() + 1;
    TeacherView {
        id: id("per", number),
        org_id: school.org.clone(),
        code: format!("9901217{number:05}"),
        name: names::person(rng),
        max_weekly: MAX_WEEKLY,
        max_delivered,
        subjects,
        busy: Vec::new(),
    }
}
