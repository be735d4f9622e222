//! OneRoster 1.1 and 1.2 CSV (1EdTech, "OneRoster CSV Tables"): what of it is a county.
//!
//! | file | becomes |
//! |---|---|
//! | `orgs.csv` | schools; what is of the level of the place that is imported into, or above, is that place |
//! | `academicSessions.csv` | terms of `semester` and `term`, whole weeks from the Monday before |
//! | `classes.csv` | classes of `homeroom`; `location` is the classroom |
//! | `users.csv`, `roles.csv` | teachers |
//! | `enrollments.csv`, `courses.csv` | how many pupils a class has; which subjects and grades a teacher teaches |
//!
//! Names of pupils do not leave the process that reads the file: [`forget_pupils`].

use super::cells::day;
use super::headings::{Col, Table, plain};
use super::said::{ClassRow, OrgRow, RoomRow, Said, TeacherRow, TeacherSubjectRow, TermRow};
use super::sheet::{Cell, Row, Sheet};
use super::table::{At, Given, Layout};
use super::wrong::{Fault, Wrong};
use std::collections::{BTreeMap, HashMap, HashSet};
use tongtang_protocol::places::{MAX_GRADE, OrgKind};

/// Longest code of the store, in bytes. A UUID has 36, of which four are hyphens.
const MAX_CODE: usize = 32;

/// Columns of `users.csv` that are read.
const OF_USERS: [&str; 10] = [
    "sourcedid",
    "status",
    "role",
    "orgsourcedids",
    "primaryorgsourcedid",
    "identifier",
    "usermasteridentifier",
    "givenname",
    "familyname",
    "enableduser",
];

/// A file, by its headings.
struct File<'s> {
    number: usize,
    columns: HashMap<String, u32>,
    rows: &'s [Row],
}

impl<'s> File<'s> {
    fn named(sheets: &'s [Sheet], name: &str) -> Option<Self> {
        let number = sheets.iter().position(|sheet| sheet.name.eq_ignore_ascii_case(name))?;
        let (head, rows) = sheets[number].rows.split_first()?;
        Some(Self { number, columns: columns(head), rows })
    }

    fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    fn get(&self, row: &'s Row, column: &str) -> &'s str {
        let at = self.columns.get(column);
        at.and_then(|at| text_at(row, *at)).unwrap_or_default()
    }

    /// Rows that are not to be deleted.
    fn rows(&self) -> impl Iterator<Item = &'s Row> + '_ {
        self.rows.iter().filter(|row| !self.is_gone(row))
    }

    fn is_gone(&self, row: &'s Row) -> bool {
        self.get(row, "status").eq_ignore_ascii_case("tobedeleted")
    }

    fn at(&self, row: &Row) -> At {
        At { sheet: self.number, row: row.number }
    }

    /// The state's code, if there is one, else the sender's own.
    fn code(&self, row: &'s Row, identifier: &str) -> String {
        let given = self.get(row, identifier);
        let is_code = (1..=MAX_CODE).contains(&given.len())
            && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_code {
            return given.to_owned();
        }
        let own = self.get(row, "sourcedid");
        if own.len() > MAX_CODE { own.replace('-', "") } else { own.to_owned() }
    }
}

fn columns(head: &Row) -> HashMap<String, u32> {
    let heading = |(at, cell): &(u32, Cell)| match cell {
        Cell::Text(text) => Some((plain(text), *at)),
        Cell::Bad(_) => None,
    };
    head.cells.iter().filter_map(heading).collect()
}

fn text_at(row: &Row, column: u32) -> Option<&str> {
    let at = row.cells.binary_search_by_key(&column, |(at, _)| *at).ok()?;
    match &row.cells[at].1 {
        Cell::Text(text) => Some(text.as_str()),
        Cell::Bad(_) => None,
    }
}

/// Does one of these files have OneRoster's identities?
pub fn is_it(sheets: &[Sheet]) -> bool {
    sheets.iter().filter_map(|sheet| sheet.rows.first()).any(|head| columns(head).contains_key("sourcedid"))
}

/// People who are no teachers are dropped, and of teachers what is not read.
pub fn forget_pupils(sheets: &mut [Sheet]) {
    if !is_it(sheets) {
        return;
    }
    let teachers = teachers_of(sheets);
    for sheet in sheets.iter_mut() {
        let Some((head, _)) = sheet.rows.split_first() else { continue };
        let known = columns(head);
        match sheet.name.to_ascii_lowercase().as_str() {
            "users" => {
                let kept: HashSet<u32> =
                    OF_USERS.iter().filter_map(|name| known.get(*name).copied()).collect();
                let own = known.get("sourcedid").copied();
                let mut is_head = true;
                sheet.rows.retain(|row| {
                    let id = own.and_then(|at| text_at(row, at));
                    std::mem::take(&mut is_head) || id.is_some_and(|id| teachers.contains(id))
                });
                for row in &mut sheet.rows {
                    row.cells.retain(|(at, _)| kept.contains(at));
                }
            }
            "orgs" | "academicsessions" | "classes" | "courses" | "enrollments" | "roles" => {}
            _ => sheet.rows.truncate(1),
        }
    }
}

fn teachers_of(sheets: &[Sheet]) -> HashSet<String> {
    let of = |name: &str, id: &str| {
        let file = File::named(sheets, name);
        let rows = file.iter().flat_map(|file| file.rows().map(move |row| (file, row)));
        let teaching = rows.filter(|(file, row)| file.get(row, "role").eq_ignore_ascii_case("teacher"));
        teaching.map(|(file, row)| file.get(row, id).to_owned()).collect::<Vec<_>>()
    };
    of("users", "sourcedid").into_iter().chain(of("roles", "usersourcedid")).collect()
}

/// What the files say.
pub fn said(sheets: &[Sheet]) -> Said {
    let mut said = Said::default();
    for sheet in sheets {
        said.layouts.push(Layout { name: format!("{}.csv", sheet.name), ..Layout::default() });
    }
    let schools = orgs(sheets, &mut said);
    terms(sheets, &mut said);
    let taught = enrollments(sheets);
    classes(sheets, &schools, &taught, &mut said);
    teachers(sheets, &schools, &taught, &mut said);
    left_out(sheets, &mut said);
    said
}

/// A file's columns stand for these, and its rows for this table.
fn means(said: &mut Said, file: &File<'_>, table: Table, headings: &[(Col, &str)]) {
    said.tables.insert(file.number, table);
    let layout = &mut said.layouts[file.number];
    layout.headings = headings.iter().map(|(col, heading)| (*col, (*heading).to_owned())).collect();
}

/// What became of each org: a school's code, or the place that is imported into.
type Schools = HashMap<String, Option<String>>;

fn orgs(sheets: &[Sheet], said: &mut Said) -> Schools {
    let Some(file) = File::named(sheets, "orgs") else { return Schools::new() };
    let code = if file.has("identifier") { "identifier" } else { "sourcedId" };
    let headings =
        [(Col::Code, code), (Col::Name, "name"), (Col::Kind, "type"), (Col::Parent, "parentSourcedId")];
    means(said, &file, Table::Orgs, &headings);
    let mut schools = Schools::new();
    let mut above = Vec::new();
    for row in file.rows() {
        let id = file.get(row, "sourcedid").to_owned();
        if !file.get(row, "type").eq_ignore_ascii_case("school") {
            above.push(file.get(row, "name").to_owned());
            schools.insert(id, None);
            continue;
        }
        let code = file.code(row, "identifier");
        schools.insert(id, Some(code.clone()));
        said.orgs.push(OrgRow {
            at: file.at(row),
            code,
            name: Given::Said(file.get(row, "name").to_owned()),
            kind: Given::Said(OrgKind::School),
            parent: None,
            down: Given::Absent,
            up: Given::Absent,
            at_once: Given::Absent,
            bells: Given::Absent,
        });
    }
    if !above.is_empty() {
        let names = above.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("、");
        said.notes.push([
            format!("orgs.csv：{} 个上级单位（{names}）没有新建；学校直接放在导入到的单位之下。", above.len()),
            format!("orgs.csv: {} places above schools ({names}) were not made; schools lie right below the place imported into.", above.len()),
        ]);
    }
    schools
}

fn terms(sheets: &[Sheet], said: &mut Said) {
    let Some(file) = File::named(sheets, "academicSessions") else { return };
    let headings = [(Col::Name, "title"), (Col::FirstDay, "startDate"), (Col::Weeks, "endDate")];
    means(said, &file, Table::Terms, &headings);
    let mut others = 0;
    for row in file.rows() {
        if !["semester", "term"].iter().any(|kind| file.get(row, "type").eq_ignore_ascii_case(kind)) {
            others += 1;
            continue;
        }
        let at = file.at(row);
        let mut wrong = |column: &str| {
            said.faults.add(Fault {
                sheet: at.sheet,
                row: at.row,
                column: column.to_owned(),
                wrong: Wrong::Day,
            });
        };
        let Ok(starts) = day(file.get(row, "startdate")) else {
            wrong("startDate");
            continue;
        };
        let Ok(ends) = day(file.get(row, "enddate")) else {
            wrong("endDate");
            continue;
        };
        let first_day = starts.plus(1 - i64::from(starts.weekday()));
        let weeks = ends.since(first_day).div_euclid(7) + 1;
        said.terms.push(TermRow {
            at,
            org: None,
            name: file.get(row, "title").to_owned(),
            first_day,
            weeks: u8::try_from(weeks.clamp(0, i64::from(u8::MAX))).unwrap_or(u8::MAX),
        });
    }
    if others > 0 {
        said.notes.push([
            format!("academicSessions.csv：{others} 行不是学期（semester、term），没有导入。"),
            format!("academicSessions.csv: {others} rows are no semester or term and were not taken."),
        ]);
    }
}

/// What enrollments tell: pupils by class, and classes by teacher.
#[derive(Default)]
struct Taught<'s> {
    pupils: HashMap<&'s str, u16>,
    by_teacher: BTreeMap<&'s str, Vec<&'s str>>,
}

fn enrollments(sheets: &[Sheet]) -> Taught<'_> {
    let mut taught = Taught::default();
    let Some(file) = File::named(sheets, "enrollments") else { return taught };
    for row in file.rows() {
        let class = file.get(row, "classsourcedid");
        match file.get(row, "role").to_ascii_lowercase().as_str() {
            "student" => {
                let number = taught.pupils.entry(class).or_default();
                *number = number.saturating_add(1);
            }
            "teacher" => taught.by_teacher.entry(file.get(row, "usersourcedid")).or_default().push(class),
            _ => {}
        }
    }
    taught
}

/// `01` to `09` of CEDS, one or several; those of compulsory schooling.
fn grades(text: &str) -> Vec<u8> {
    let grades =
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter_map(|grade| grade.parse().ok());
    grades.filter(|grade| (1..=MAX_GRADE).contains(grade)).collect()
}

fn classes(sheets: &[Sheet], schools: &Schools, taught: &Taught<'_>, said: &mut Said) {
    let Some(file) = File::named(sheets, "classes") else { return };
    let code = if file.has("classcode") { "classCode" } else { "sourcedId" };
    let headings = [
        (Col::Code, code),
        (Col::Org, "schoolSourcedId"),
        (Col::Name, "title"),
        (Col::Grade, "grades"),
        (Col::Room, "location"),
    ];
    means(said, &file, Table::Classes, &headings);
    let mut sections = 0;
    let mut rooms = HashSet::new();
    for row in file.rows() {
        if !file.get(row, "classtype").eq_ignore_ascii_case("homeroom") {
            sections += 1;
            continue;
        }
        let at = file.at(row);
        let Some(org) = schools.get(file.get(row, "schoolsourcedid")).cloned().flatten() else {
            said.faults.add(Fault {
                sheet: at.sheet,
                row: at.row,
                column: "schoolSourcedId".to_owned(),
                wrong: Wrong::Unlike(["orgs.csv 里没有这所学校", "orgs.csv has no such school"]),
            });
            continue;
        };
        let room = Some(file.get(row, "location").to_owned()).filter(|room| !room.is_empty());
        if let Some(name) = room.clone().filter(|name| rooms.insert((org.clone(), name.clone()))) {
            said.rooms.push(RoomRow { at, org: Some(org.clone()), name, receivers: Given::Absent });
        }
        let pupils = taught.pupils.get(file.get(row, "sourcedid")).copied();
        said.classes.push(ClassRow {
            at,
            code: file.code(row, "classcode"),
            org: Some(org),
            name: Given::Said(file.get(row, "title").to_owned()),
            grade: Given::Said(grades(file.get(row, "grades")).first().copied()),
            size: pupils.map_or(Given::Absent, |pupils| Given::Said(Some(pupils))),
            room: if room.is_some() { Given::Said(room) } else { Given::Absent },
            live: Given::Absent,
            record: Given::Absent,
            publish: Given::Absent,
        });
    }
    if sections > 0 {
        said.notes.push([
            format!("classes.csv：{sections} 个教学班（scheduled）没有导入：只导入行政班（homeroom）。"),
            format!("classes.csv: {sections} scheduled sections were not taken; classes are those of classType homeroom."),
        ]);
    }
}

fn teachers(sheets: &[Sheet], schools: &Schools, taught: &Taught<'_>, said: &mut Said) {
    let Some(file) = File::named(sheets, "users") else { return };
    let code = if file.has("identifier") { "identifier" } else { "sourcedId" };
    let org = if file.has("orgsourcedids") { "orgSourcedIds" } else { "primaryOrgSourcedId" };
    let headings = [(Col::Code, code), (Col::Org, org), (Col::Name, "familyName"), (Col::Teacher, code)];
    means(said, &file, Table::Teachers, &headings);
    let teachers = teachers_of(sheets);
    let of_roles = schools_of_roles(sheets);
    let sections = Sections::of(sheets);
    for row in file.rows() {
        let id = file.get(row, "sourcedid");
        if !teachers.contains(id) {
            continue;
        }
        let at = file.at(row);
        let named = file.get(row, "orgsourcedids").split(',').map(str::trim);
        let named = named.chain([file.get(row, "primaryorgsourcedid")]).chain(of_roles.get(id).copied());
        let Some(org) = named.filter_map(|org| schools.get(org)?.clone()).next() else {
            said.faults.add(Fault {
                sheet: at.sheet,
                row: at.row,
                column: org.to_owned(),
                wrong: Wrong::Unlike([
                    "orgs.csv 里没有这位教师的学校",
                    "orgs.csv has no school of this teacher",
                ]),
            });
            continue;
        };
        let code = file.code(row, "identifier");
        for (subject, (from, to)) in sections.taught(taught.by_teacher.get(id)) {
            let teacher = code.clone();
            said.teacher_subjects.push(TeacherSubjectRow {
                at,
                teacher,
                subject,
                from,
                to,
                edition: String::new(),
            });
        }
        said.teachers.push(TeacherRow {
            at,
            code,
            org: Some(org),
            name: Given::Said(full_name(file.get(row, "familyname"), file.get(row, "givenname"))),
            weekly: Given::Absent,
            delivered: Given::Absent,
        });
    }
    said.notes.push([
        "users.csv：只导入教师。学生和家长的姓名没有读入，也不会保存。".to_owned(),
        "users.csv: teachers only. Names of pupils and guardians were not read and are not kept.".to_owned(),
    ]);
}

/// 李明, but Ming Li.
fn full_name(family: &str, given: &str) -> String {
    let is_latin = |text: &str| text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_latin(family) || is_latin(given) {
        format!("{given} {family}").trim().to_owned()
    } else {
        format!("{family}{given}")
    }
}

fn schools_of_roles(sheets: &[Sheet]) -> HashMap<&str, &str> {
    let Some(file) = File::named(sheets, "roles") else { return HashMap::new() };
    let teaching = file.rows().filter(|row| file.get(row, "role").eq_ignore_ascii_case("teacher"));
    teaching.map(|row| (file.get(row, "usersourcedid"), file.get(row, "orgsourcedid"))).collect()
}

/// Subjects and grades of classes, their own or those of their courses.
struct Sections<'s>(HashMap<&'s str, (&'s str, Vec<u8>)>);

impl<'s> Sections<'s> {
    fn of(sheets: &'s [Sheet]) -> Self {
        let mut courses: HashMap<&str, (&str, &str)> = HashMap::new();
        if let Some(file) = File::named(sheets, "courses") {
            for row in file.rows() {
                let of = (file.get(row, "subjects"), file.get(row, "grades"));
                courses.insert(file.get(row, "sourcedid"), of);
            }
        }
        let mut sections = HashMap::new();
        if let Some(file) = File::named(sheets, "classes") {
            for row in file.rows() {
                let course = courses.get(file.get(row, "coursesourcedid")).copied().unwrap_or_default();
                let or = |own: &'s str, course: &'s str| if own.is_empty() { course } else { own };
                let subject = or(file.get(row, "subjects"), course.0);
                let grades = grades(or(file.get(row, "grades"), course.1));
                sections.insert(file.get(row, "sourcedid"), (subject, grades));
            }
        }
        Self(sections)
    }

    /// From the first to the last grade of each subject.
    fn taught(&self, classes: Option<&Vec<&str>>) -> BTreeMap<String, (u8, u8)> {
        let mut by_subject: BTreeMap<String, (u8, u8)> = BTreeMap::new();
        for (subjects, grades) in classes.into_iter().flatten().filter_map(|class| self.0.get(class)) {
            let subjects =
                subjects.split([',', '，', '、']).map(str::trim).filter(|subject| !subject.is_empty());
            for subject in subjects {
                for grade in grades {
                    let of = by_subject.entry(subject.to_owned()).or_insert((*grade, *grade));
                    *of = (of.0.min(*grade), of.1.max(*grade));
                }
            }
        }
        by_subject
    }
}

/// Files that are no part of a county, and rows that are to be deleted.
fn left_out(sheets: &[Sheet], said: &mut Said) {
    const READ: [&str; 8] =
        ["orgs", "academicsessions", "classes", "courses", "enrollments", "users", "roles", "manifest"];
    let others: Vec<&str> = sheets
        .iter()
        .map(|sheet| sheet.name.as_str())
        .filter(|name| !READ.contains(&name.to_ascii_lowercase().as_str()))
        .collect();
    if !others.is_empty() {
        let names = others.join("、");
        said.notes
            .push([format!("没有读取这些文件：{names}。"), format!("These files were not read: {names}.")]);
    }
    let gone: usize = sheets
        .iter()
        .filter_map(|sheet| File::named(sheets, &sheet.name))
        .map(|file| file.rows.iter().filter(|row| file.is_gone(row)).count())
        .sum();
    if gone > 0 {
        said.notes.push([
            format!("{gone} 行标为删除（tobedeleted），没有处理：导入不删除任何内容。"),
            format!("{gone} rows are marked tobedeleted and were left alone: an import deletes nothing."),
        ]);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::read::read;
    use super::*;

    fn sheets(files: &[(&str, &str)]) -> Vec<Sheet> {
        files.iter().map(|(name, text)| read(name, text.as_bytes()).unwrap().remove(0)).collect()
    }

    const USERS: &str = "sourcedId,status,enabledUser,orgSourcedIds,role,username,givenName,familyName,identifier,email\n\
        u1,active,true,s1,teacher,li,明,李,T1,li@example.cn\n\
        u2,active,true,s1,student,wang,小红,王,P1,p@example.cn\n\
        u3,active,true,\"d1,s1\",teacher,zhao,Hua,Zhao,,\n";

    #[test]
    fn pupils_are_forgotten_before_anything_leaves_the_reading_process() {
        let mut files =
            sheets(&[("users.csv", USERS), ("demographics.csv", "sourcedId,birthDate\nu2,2017-01-01\n")]);
        forget_pupils(&mut files);
        let told = serde_json::to_string(&files).unwrap();
        for secret in ["小红", "王", "P1", "example.cn", "2017-01-01"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert!(told.contains("李"));
    }

    #[test]
    fn schools_terms_homerooms_and_teachers_are_taken_and_the_rest_is_named() {
        let said = said(&sheets(&[
            (
                "orgs.csv",
                "sourcedId,status,name,type,identifier,parentSourcedId\nd1,active,青山县,district,430100,\ns1,active,中心小学,school,4301001,d1\n",
            ),
            (
                "academicSessions.csv",
                "sourcedId,status,title,type,startDate,endDate\na1,active,2026 秋,semester,2026-09-01,2027-01-15\na2,active,2026,schoolYear,2026-09-01,2027-07-01\n",
            ),
            (
                "classes.csv",
                "sourcedId,status,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId\nc1,active,三（1）班,03,,C301,homeroom,301,s1\nc2,active,音乐,,k1,,scheduled,,s1\nc3,tobedeleted,旧班,03,,,homeroom,,s1\n",
            ),
            ("courses.csv", "sourcedId,title,grades,subjects\nk1,音乐,\"01,04\",音乐\n"),
            (
                "enrollments.csv",
                "sourcedId,classSourcedId,userSourcedId,role\ne1,c1,u2,student\ne2,c1,u4,student\ne3,c2,u1,teacher\n",
            ),
            ("users.csv", USERS),
            ("lineItems.csv", "sourcedId,title\n"),
        ]));
        assert_eq!(said.faults.number, 0, "{:?}", said.faults);
        assert_eq!(said.orgs.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["4301001"]);
        let term = &said.terms[0];
        assert_eq!(
            (term.first_day.to_string().as_str(), term.weeks, said.terms.len()),
            ("2026-08-31", 20, 1)
        );
        let class = &said.classes[0];
        assert_eq!((class.code.as_str(), class.size, said.classes.len()), ("C301", Given::Said(Some(2)), 1));
        assert_eq!(said.rooms[0].name, "301");
        let teachers: Vec<_> =
            said.teachers.iter().map(|row| (row.code.as_str(), row.name.clone())).collect();
        assert_eq!(teachers, [("T1", Given::Said("李明".into())), ("u3", Given::Said("Hua Zhao".into()))]);
        let of = &said.teacher_subjects[0];
        assert_eq!((of.subject.as_str(), of.from, of.to), ("音乐", 1, 4));
        let notes = said.notes.iter().map(|note| note[1].as_str()).collect::<Vec<_>>().join("\n");
        for word in ["青山县", "1 rows are no semester", "1 scheduled", "lineItems", "tobedeleted"] {
            assert!(notes.contains(word), "{word}: {notes}");
        }
    }
}
