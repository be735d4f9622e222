//! What is prescribed for the six grades of a primary school, and the editions that schools of one county use.

use tongtang_protocol::places::Prescribed;

/// Grades of a primary school.
pub(super) const GRADES: u8 = 6;

/// A subject.
pub(super) struct Subject {
    /// Name.
    pub name: &'static str,
    /// Weekly periods in grades 1 to 6.
    pub weekly: [u8; GRADES as usize],
    /// Editions, the county's usual one first.
    pub editions: [&'static str; 3],
    /// Who teaches it at a central school: the fifth of its five teachers is PE's.
    pub taught_by: Option<Specialist>,
    /// Of ten classes at teaching sites so many have it in full on site.
    pub on_site: u8,
}

/// A teacher of a central school, by subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Specialist {
    Music,
    Art,
    English,
    Science,
    Pe,
}

/// In which order a week is filled: what has one teacher for a whole school first.
pub(super) const SUBJECTS: [Subject; 8] = [
    Subject {
        name: "体育与健康",
        weekly: [4, 4, 3, 3, 3, 3],
        editions: ["人教版", "人教版", "人教版"],
        taught_by: Some(Specialist::Pe),
        on_site: 10,
    },
    Subject {
        name: "英语",
        weekly: [0, 0, 3, 3, 3, 3],
        editions: ["人教PEP", "外研版", "译林版"],
        taught_by: Some(Specialist::English),
        on_site: 3,
    },
    Subject {
        name: "音乐",
        weekly: [2; 6],
        editions: ["人音版", "苏少版", "人教版"],
        taught_by: Some(Specialist::Music),
        on_site: 1,
    },
    Subject {
        name: "美术",
        weekly: [2; 6],
        editions: ["人美版", "苏少版", "人教版"],
        taught_by: Some(Specialist::Art),
        on_site: 1,
    },
    Subject {
        name: "科学",
        weekly: [1, 1, 2, 2, 2, 2],
        editions: ["教科版", "苏教版", "青岛版"],
        taught_by: Some(Specialist::Science),
        on_site: 6,
    },
    Subject {
        name: "语文",
        weekly: [9, 8, 7, 7, 6, 6],
        editions: ["统编版", "统编版", "统编版"],
        taught_by: None,
        on_site: 10,
    },
    Subject {
        name: "数学",
        weekly: [4, 4, 4, 4, 5, 5],
        editions: ["人教版", "苏教版", "北师大版"],
        taught_by: None,
        on_site: 10,
    },
    Subject {
        name: "道德与法治",
        weekly: [2; 6],
        editions: ["统编版", "统编版", "统编版"],
        taught_by: None,
        on_site: 10,
    },
];

impl Subject {
    /// Weekly periods in a grade of 1 to 6.
    pub(super) fn weekly_in(&self, grade: u8) -> u8 {
        self.weekly[usize::from(grade) - 1]
    }
}

/// What the county prescribes.
pub(super) fn curriculum() -> Vec<Prescribed> {
    let rows = SUBJECTS.iter().flat_map(|subject| {
        (1..=GRADES).map(|grade| Prescribed {
            subject: subject.name.to_owned(),
            grade,
            weekly_periods: subject.weekly_in(grade),
        })
    });
    rows.filter(|row| row.weekly_periods > 0).collect()
}
