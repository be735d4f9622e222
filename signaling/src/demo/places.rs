//! The places of a county: the tree, links, bell times, rooms and classes.

use super::subjects::{GRADES, curriculum};
use super::{County, Kind, MAX_SCHOOLS, Scale, School, id, names, term};
use rand::Rng;
use rand::rngs::StdRng;
use tongtang_protocol::calendar::{BellPeriod, BellScheduleView};
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::{ClassView, ClassroomView, Consent, OrgKind, OrgView};

/// The state's codes begin with a province's two digits; no province has 99.
const COUNTY_CODE: &str = "990121";

/// Periods of a school day.
pub(super) const PERIODS: u8 = 6;

/// When each period begins, in minutes after midnight, by the county's usual bells. Each has 40.
const USUAL: [u16; PERIODS as usize] = [500, 550, 610, 660, 860, 910];
const PERIOD_MIN: u16 = 40;

/// Bell times: how many minutes later than usual the morning and the afternoon begin. The county has agreed with its schools
/// that periods meet for at least the 35 minutes of a lesson: between masters and those who receive, within five minutes.
const BELLS: [(&str, i16, i16); 4] =
    [("县城作息", 0, 0), ("乡镇作息", -5, 0), ("山区作息", 0, 5), ("午托作息", -5, -5)];

const NUMERALS: [&str; GRADES as usize] = ["一", "二", "三", "四", "五", "六"];

/// The county without people, and its schools.
pub(super) fn county(scale: Scale, today: Day, rng: &mut StdRng) -> (County, Vec<School>) {
    let province: OrgId = id("org", "province");
    let city: OrgId = id("org", "city");
    let own: OrgId = id("org", "county");
    let above = |id: &OrgId, parent: Option<&OrgId>, kind, code: &str, name: &str| OrgView {
        id: id.clone(),
        parent_id: parent.cloned(),
        kind,
        code: code.to_owned(),
        name: name.to_owned(),
        link_down_kbps: None,
        link_up_kbps: None,
        lessons_at_once: 1,
        bell_schedule_id: None,
    };
    let mut orgs = vec![
        above(&province, None, OrgKind::Province, "99", "云川省"),
        above(&city, Some(&province), OrgKind::City, "9901", "临江市"),
        above(&own, Some(&city), OrgKind::County, COUNTY_CODE, "安平县"),
    ];
    orgs[2].bell_schedule_id = Some(id("bell", 0));
    let mut county = County {
        orgs,
        term: term::of(today, own.clone()),
        bells: (0..BELLS.len()).map(|number| bells(number, &own)).collect(),
        county: own,
        curriculum: curriculum(),
        classrooms: Vec::new(),
        classes: Vec::new(),
        teachers: Vec::new(),
    };
    let central = scale.central_schools.clamp(1, MAX_SCHOOLS);
    let sites = scale.sites.min(MAX_SCHOOLS);
    let mut schools = Vec::new();
    for number in 0..central + sites {
        let kind = if number < central { Kind::Central } else { Kind::Site };
        // Three of five schools use the county's usual editions.
        let edition = [0, 0, 0, 1, 2][rng.random_range(0..5)];
        let school = School { org: id("org", number + 1), number: number + 1, kind, edition };
        let name = match kind {
            Kind::Central => format!("{}镇中心小学", names::town(number)),
            Kind::Site => format!("{}教学点", names::village(number - central)),
        };
        county.orgs.push(place(&school, &county.county, name, rng));
        rooms_and_classes(&mut county, &school, rng);
        schools.push(school);
    }
    (county, schools)
}

fn bells(number: usize, county: &OrgId) -> BellScheduleView {
    let (name, morning, afternoon) = BELLS[number];
    let periods = USUAL.iter().zip(1..).map(|(usual, period)| {
        let starts_min = usual.saturating_add_signed(if *usual < 720 { morning } else { afternoon });
        BellPeriod { period, starts_min, ends_min: starts_min + PERIOD_MIN }
    });
    BellScheduleView {
        id: id("bell", number),
        org_id: county.clone(),
        name: name.to_owned(),
        periods: periods.collect(),
    }
}

fn place(school: &School, county: &OrgId, name: String, rng: &mut StdRng) -> OrgView {
    let (down, up, lessons_at_once) = match school.kind {
        Kind::Central => (1_000 * rng.random_range(50..=100), 1_000 * rng.random_range(20..=50), 4),
        Kind::Site => (1_000 * rng.random_range(10..=20), 1_000 * rng.random_range(4..=10), 2),
    };
    // Central schools keep to the county's or the towns' bells; sites to any.
    let bells = match school.kind {
        Kind::Central => rng.random_range(0..2),
        Kind::Site => rng.random_range(0..BELLS.len()),
    };
    OrgView {
        id: school.org.clone(),
        parent_id: Some(county.clone()),
        kind: OrgKind::School,
        code: format!("{COUNTY_CODE}{:04}", school.number),
        name,
        link_down_kbps: Some(down),
        link_up_kbps: Some(up),
        lessons_at_once,
        // 0 is the county's own, in force without being named.
        bell_schedule_id: (bells > 0).then(|| id("bell", bells)),
    }
}

fn rooms_and_classes(county: &mut County, school: &School, rng: &mut StdRng) {
    let mut room = |name: String, max_receivers| {
        let number = county.classrooms.len() + 1;
        let view = ClassroomView {
            id: id("room", number),
            org_id: school.org.clone(),
            name,
            max_receivers,
            device_ids: Vec::new(),
        };
        county.classrooms.push(view);
        id("room", number)
    };
    if school.kind == Kind::Central {
        let rooms = rng.random_range(1..=2);
        for number in 1..=rooms {
            let _: tongtang_protocol::ids::ClassroomId = room(format!("录播教室 {number}"), 3);
        }
    }
    let grades = match school.kind {
        Kind::Central => GRADES,
        Kind::Site => rng.random_range(2..=4),
    };
    for grade in 1..=grades {
        let name = format!("{}（1）班", NUMERALS[usize::from(grade) - 1]);
        let classroom_id = Some(room(format!("{name}教室"), 0));
        let size = match school.kind {
            Kind::Central => rng.random_range(34..=48),
            Kind::Site => rng.random_range(5..=18),
        };
        let consent = Consent {
            live: rng.random_bool(0.96),
            record: rng.random_bool(0.88),
            publish: rng.random_bool(0.6),
        };
        county.classes.push(ClassView {
            id: id("cls", format_args!("{}-{grade}", school.number)),
            org_id: school.org.clone(),
            code: format!("{COUNTY_CODE}{:04}{grade:02}01", school.number),
            name,
            grade,
            size,
            classroom_id,
            consent,
            subjects: Vec::new(),
            busy: Vec::new(),
        });
    }
}
