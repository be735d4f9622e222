//! A county by spreadsheet: made, changed, refused by row and column, and out again as it went in.

use crate::county_api::{made, org};
use crate::house::{House, expect, text, wait_for};
use crate::import_files::{Page, counts, download, errors, import, request, workbook, zip};
use crate::roles;
use crate::term_county::{County, WEEK};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tongtang::demo;
use tongtang::problem::Language;
use tongtang::timetable::sentence::day_words;
use tongtang_protocol::account::AccountRole;
use tongtang_protocol::timetable::ChangeKind;

/// Lists of everything that lies in the house, without the identities.
async fn everything(house: &House) -> Value {
    let mut all = serde_json::Map::new();
    for path in ["orgs", "classrooms", "classes", "teachers", "terms", "bell-schedules"] {
        let mut list = house.get(&format!("/api/{path}")).await;
        for one in list.as_array_mut().unwrap() {
            for id in ["id", "org_id", "parent_id", "classroom_id", "bell_schedule_id"] {
                one.as_object_mut().unwrap().remove(id);
            }
        }
        all.insert(path.to_owned(), list);
    }
    Value::Object(all)
}

async fn empty_county(house: &House) -> String {
    made(house, "/api/orgs", org(None, "county", "430100", "青山县")).await
}

const SCHOOLS: Page<'_> = (
    "学校",
    &[
        &["代码", "名称", "类型", "下行带宽(kbit/s)", "上行带宽(kbit/s)", "同时上课数", "作息时间", "备注"],
        &["430100", "青山县", "县", "", "", "", "夏季作息"],
        &["4301001", "中心小学", "学校", "50000", "20000", "2", "", "镇上"],
        &["4301002", "河口教学点", "", "10000", "4000", "１", "山区作息"],
    ],
);
const BELLS: Page<'_> = (
    "作息时间",
    &[
        &["单位代码", "作息名称", "节次", "上课时间", "下课时间"],
        &["430100", "夏季作息", "1", "8:30", "9:10"],
        &["430100", "夏季作息", "2", "9：20", "10:00"],
        &["4301002", "山区作息", "2", "09:25", "10:05"],
        &["4301002", "山区作息", "1", "08:35", "09:15"],
    ],
);
const ROOMS: Page<'_> = (
    "教室",
    &[&["学校代码", "教室名称", "可带班级数"], &["4301001", "录播教室 1", "3"], &["4301002", "一教室", "0"]],
);
const CLASSES: Page<'_> = (
    "班级",
    &[
        &[
            "班级代码",
            "学校代码",
            "班级名称",
            "年级",
            "人数",
            "教室名称",
            "同意互动上课",
            "同意录课",
            "同意放入资源库",
        ],
        &["C1", "4301002", "三（1）班", "三年级", "12", "一教室", "是", "是", "否"],
    ],
);
const SUBJECTS: Page<'_> = (
    "班级学科",
    &[
        &["班级代码", "学科", "教材版本", "本校周课时"],
        &["C1", "语文", "统编版", "7"],
        &["C1", "音乐", "", ""],
    ],
);
const WEEKS: Page<'_> =
    ("班级课表", &[&["班级代码", "周一第1节", "周一第2节"], &["C1", "语文", "体育（单）；美术（双）"]]);
const TEACHERS: Page<'_> = (
    "教师",
    &[
        &["教师编号", "学校代码", "姓名", "每周最多课时", "其中专递课上限"],
        &["T1", "4301001", "李明", "16", "4"],
    ],
);
const TEACHES: Page<'_> = (
    "教师任教",
    &[&["教师编号", "学科", "从年级", "到年级", "教材版本"], &["T1", "音乐", "一", "6", "人音版"]],
);
const CURRICULUM: Page<'_> = (
    "课程设置",
    &[&["单位代码", "学科", "一年级", "三年级"], &["", "音乐", "2", "1"], &["430100", "语文", "9", "7"]],
);
const TERMS: Page<'_> =
    ("学期", &[&["学期名称", "开学日期", "周数"], &["2026 年秋季学期", "2026/8/31", "20"]]);
const DAYS: Page<'_> = (
    "校历",
    &[
        &["学期名称", "日期", "类型", "补星期几的课", "说明"],
        &["2026 年秋季学期", "2026年10月1日", "放假", "", "国庆节"],
        &["2026 年秋季学期", "2026-10-10", "调休", "周四", "国庆节调休"],
    ],
);

fn county_file() -> Vec<u8> {
    workbook(&[
        ("说明", &[&["随便写什么"]]),
        CLASSES,
        SCHOOLS,
        BELLS,
        ROOMS,
        SUBJECTS,
        WEEKS,
        TEACHERS,
        TEACHES,
        CURRICULUM,
        TERMS,
        DAYS,
    ])
}

#[tokio::test]
async fn a_county_is_looked_at_imported_and_the_second_time_it_is_all_there() {
    let house = House::open().await;
    let county = empty_county(&house).await;
    let before = everything(&house).await;
    let looked = import(&house, &county, "x.xlsx", county_file(), true).await;
    assert_eq!((errors(&looked), &looked["done"]), (vec![], &json!(false)));
    assert_eq!(everything(&house).await, before, "a dry run leaves nothing");
    let expected = [
        "orgs 2/1/0",
        "bells 2/0/0",
        "terms 1/0/0",
        "curriculum 2/0/0",
        "classrooms 2/0/0",
        "classes 1/0/0",
        "teachers 1/0/0",
    ];
    assert_eq!(counts(&looked), expected);
    let done = import(&house, &county, "x.xlsx", county_file(), false).await;
    assert_eq!((counts(&done), &done["done"]), (expected.map(str::to_owned).to_vec(), &json!(true)));

    let class = &house.get("/api/classes").await[0];
    assert_eq!(
        (&class["name"], &class["grade"], &class["size"]),
        (&json!("三（1）班"), &json!(3), &json!(12))
    );
    assert_eq!(class["consent"], json!({"live": true, "record": true, "publish": false}));
    assert_eq!(class["subjects"][0], json!({"subject": "语文", "edition": "统编版", "on_site_periods": 7}));
    assert_eq!(class["busy"][1], json!({"weekday": 1, "period": 2, "parity": "even", "what": "美术"}));
    let room = house.get(&format!("/api/classrooms/{}", text(&class["classroom_id"]))).await;
    assert_eq!(room["name"], "一教室");
    let teacher = &house.get("/api/teachers").await[0];
    assert_eq!((&teacher["max_delivered"], &teacher["subjects"][0]["grade_to"]), (&json!(4), &json!(6)));
    let orgs = house.get("/api/orgs").await;
    let bells = house.get("/api/bell-schedules").await;
    let kept: Vec<_> = orgs
        .as_array()
        .unwrap()
        .iter()
        .map(|org| {
            let of = bells.as_array().unwrap().iter().find(|bells| bells["id"] == org["bell_schedule_id"]);
            of.map(|of| text(&of["name"]))
        })
        .collect();
    assert_eq!(kept, [Some("夏季作息".into()), None, Some("山区作息".into())]);
    assert_eq!(orgs[1]["parent_id"], orgs[0]["id"], "without a parent it lies in the place imported into");
    assert_eq!(bells.as_array().unwrap().len(), 2);
    let term = &house.get("/api/terms").await[0];
    assert_eq!((term["days"].as_array().unwrap().len(), &term["days"][1]["follows_weekday"]), (2, &json!(4)));
    let prescribed = house.get(&format!("/api/orgs/{county}/curriculum")).await;
    assert_eq!(prescribed.as_array().unwrap().len(), 4);

    let settled = everything(&house).await;
    let again = import(&house, &county, "x.xlsx", county_file(), false).await;
    assert_eq!(
        counts(&again),
        [
            "orgs 0/0/3",
            "bells 0/0/2",
            "terms 0/0/1",
            "curriculum 0/0/2",
            "classrooms 0/0/2",
            "classes 0/0/1",
            "teachers 0/0/1"
        ]
    );
    assert_eq!(everything(&house).await, settled);

    // What a sheet has no column for stays; what a cell leaves empty goes.
    let fewer = workbook(&[("班级", &[&["班级代码", "人数", "教室名称"], &["C1", "15", ""]])]);
    assert_eq!(counts(&import(&house, &county, "x.xlsx", fewer, false).await), ["classes 0/1/0"]);
    let changed = &house.get("/api/classes").await[0];
    assert_eq!((&changed["size"], &changed["classroom_id"]), (&json!(15), &Value::Null));
    assert_eq!((&changed["name"], &changed["busy"]), (&class["name"], &class["busy"]));
}

#[tokio::test]
async fn what_is_wrong_is_told_by_row_and_column_and_nothing_is_imported() {
    let house = House::open().await;
    let county = empty_county(&house).await;
    import(&house, &county, "x.xlsx", county_file(), false).await;
    let before = everything(&house).await;
    let bad = workbook(&[
        (
            "学校",
            &[
                &["代码", "名称", "类型", "上级代码", "作息时间", "电话"],
                &["43 01", "东坪小学", "学校"],
                &["4301005", "东坪小学", "学校", "9999"],
                &["4301006", "东坪小学", "公司"],
                &["4301001", "中心小学", "县"],
                &["4301007", "西坪小学", "学校", "", "没有的作息"],
                &["4301007", "西坪小学", "学校"],
            ],
        ),
        (
            "作息时间",
            &[
                &["单位代码", "作息名称", "节次", "上课时间", "下课时间"],
                &["430100", "冬季作息", "1", "9:00", "8:00"],
                &["430100", "春季作息", "1", "早上", "9:00"],
                &["430100", "秋季作息", "17", "8:00", "8:40"],
            ],
        ),
        (
            "班级",
            &[
                &["班级代码", "学校代码", "班级名称", "年级", "人数", "教室名称", "同意录课"],
                &["C2", "4301001", "十二班", "12", "30"],
                &["C3", "4301001", "三班", "3", "-5"],
                &["C4", "8888", "三班", "3", "5"],
                &["C5", "4301001", "", "3", "5"],
                &["C6", "4301001", "三班", "3", "5", "没有的教室"],
                &["C7", "4301001", "三班", "3", "5", "", "也许"],
                &["", "4301001", "三班", "3", "5"],
            ],
        ),
        ("班级课表", &[&["班级代码", "周一1"], &["C1", &"长".repeat(65)], &["C9", "语文"], &["C2", "语文"]]),
        (
            "教师任教",
            &[
                &["教师编号", "学科", "从年级", "到年级"],
                &["T1", "音乐", "6", "1"],
                &["T1", "美术", "1", "10"],
            ],
        ),
        ("教师", &[&["教师编号", "姓名", "每周最多课时", "其中专递课上限"], &["T1", "李明", "4", "5"]]),
        (
            "校历",
            &[&["学期名称", "日期", "类型", "说明"], &["2026 年秋季学期", "2027-06-01", "放假", "儿童节"]],
        ),
        ("课程设置", &[&["学科", "一年级"], &["音乐", "99"]]),
        ("通讯录", &[&["姓名", "手机"], &["王", "1"]]),
    ]);
    let report = import(&house, &county, "x.xlsx", bad.clone(), false).await;
    assert_eq!(report["done"], false);
    let told = errors(&report);
    let expected = [
        "学校 1 电话: 不认识这一列",
        "学校 2 代码: 请填写 1–32 位字母、数字或连字符",
        "学校 3 上级代码: 没有找到“9999”，或不属于“青山县”",
        "学校 4 类型: 请填写其中之一：省、市、县、学校",
        "学校 5 上级代码: 上级单位的级别必须更高",
        "学校 6 作息时间: 没有找到“没有的作息”",
        "学校 7 代码: 与第 6 行重复",
        "作息时间 2 节次: 请按时间先后排列",
        "作息时间 3 上课时间: 时间请写成 08:30",
        "作息时间 4 节次: 请填写 1 到 16 之间的整数",
        "班级 2 年级: 请填写 1 到 9 之间的整数",
        "班级 3 人数: 请填写不小于 0 的整数",
        "班级 4 学校代码: 没有找到“8888”",
        "班级 5 班级名称: 这里不能空着",
        "班级 6 教室名称: 没有找到“没有的教室”",
        "班级 7 同意录课: 请填写“是”或“否”",
        "班级 8 班级代码: 这里不能空着",
        "班级课表 2 周一1: 请填写，一行，最多 64 个字",
        "班级课表 3 班级代码: 没有找到“C9”",
        "教师任教 2 到年级: 起始年级不能晚于结束年级",
        "教师任教 3 到年级: 请填写 1 到 9 之间的整数",
        "教师 2 其中专递课上限: 不能大于“每周最多课时”",
        "校历 2 日期: 2027-06-01 不在本学期内",
        "课程设置 2 一年级: 请填写 0 到 60 之间的整数",
        "通讯录 1 姓名: 不认识这个工作表",
    ];
    for words in expected {
        assert!(
            told.iter().any(|error| error.starts_with(words)),
            "{words} is missing:\n{}",
            told.join("\n")
        );
    }
    // C2 is wrong in one sheet and not told to be missing in another.
    assert_eq!(told.len(), expected.len(), "{}", told.join("\n"));
    assert_eq!(report["error_count"], told.len());
    assert_eq!(everything(&house).await, before, "all or nothing");
    let english = request(&house, &county, "x.xlsx", bad, true).header("accept-language", "en");
    let english = errors(&expect(english, StatusCode::OK).await);
    assert!(english.iter().any(|error| error.ends_with("write a whole number from 1 to 9")), "{english:?}");
    assert_eq!(english.len(), told.len());
}

#[tokio::test]
async fn of_many_errors_the_first_are_told_and_all_are_counted() {
    let house = House::open().await;
    let county = empty_county(&house).await;
    let mut csv = "教师编号,学校代码,姓名\n".to_owned();
    for n in 0..300 {
        csv += &format!("T{n},430100,\n");
    }
    let report = import(&house, &county, "教师.csv", csv.into_bytes(), true).await;
    assert_eq!((errors(&report).len(), &report["error_count"]), (200, &json!(300)));
}

#[tokio::test]
async fn files_that_are_none_or_too_much_are_refused_in_words() {
    let house = House::open().await;
    let county = empty_county(&house).await;
    let before = everything(&house).await;
    let line = format!("{}\n", ["1"; 100].join(","));
    let bomb = zip(&[("学校.csv", &vec![b'1'; 65 << 20])]);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let cells = line.repeat(2_000) + "1";
    let damaged = {
        let whole = county_file();
        whole[..whole.len() / 2].to_vec()
    };
    for (name, file, word) in [
        ("学校.csv", Vec::new(), "不是可以导入的文件"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "不是可以导入的文件"),
        ("a.zip", zip(&[("a.txt", b"x")]), "不是可以导入的文件"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on".to_vec(), "另存为 xlsx"),
        ("a.xlsx", damaged, "已损坏"),
        ("a.zip", bomb, "超过 64 MB"),
        ("a.csv", cells.into_bytes(), "超过 200000 个格子"),
        ("a.csv", vec![b'1'; (8 << 20) + 1], "最多 8 MB"),
    ] {
        for is_dry_run in [true, false] {
            let refused = request(&house, &county, name, file.clone(), is_dry_run);
            let refused = expect(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
            assert_eq!(refused["type"], "not_imported", "{name}");
            assert!(text(&refused["detail"]).contains(word), "{name}: {refused}");
        }
    }
    assert_eq!(everything(&house).await, before);
}

#[tokio::test]
async fn a_csv_of_chinese_excel_is_a_table_by_its_name_or_its_headings() {
    let house = House::open().await;
    let county = empty_county(&house).await;
    let csv = "代码,名称,类型\r\n4301001,中心小学,学校\r\n";
    let gb = encoding_rs::GB18030.encode(csv).0.into_owned();
    assert_eq!(counts(&import(&house, &county, "学校.csv", gb, false).await), ["orgs 1/0/0"]);
    let csv = "\u{feff}教师编号,学校代码,姓名,每周最多课时\r\nT1,4301001,李明,16\r\n";
    assert_eq!(counts(&import(&house, &county, "9月.csv", csv.into(), false).await), ["teachers 1/0/0"]);
    let orgs = house.get("/api/orgs").await;
    assert_eq!(orgs[1]["name"], "中心小学");
}

#[tokio::test]
async fn a_oneroster_zip_brings_schools_classes_teachers_and_terms_and_no_pupil() {
    let house = House::open().await;
    let county = empty_county(&house).await;
    let file = zip(&[
        ("manifest.csv", b"propertyName,value\noneroster.version,1.1\n"),
        ("orgs.csv", "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nd1,active,,青山县,district,430100,\ns1,active,,中心小学,school,4301001,d1\n".as_bytes()),
        ("academicSessions.csv", "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\na1,active,,2026 秋,semester,2026-09-01,2027-01-15,,2027\n".as_bytes()),
        ("classes.csv", "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\nc1,active,,三（1）班,03,,C301,homeroom,301,s1,a1,,,\nc2,active,,音乐,03,,,scheduled,,s1,a1,音乐,,\n".as_bytes()),
        ("enrollments.csv", b"sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary\ne1,active,,c1,s1,u2,student,\ne2,active,,c2,s1,u1,teacher,true\n"),
        ("users.csv", "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier\nu1,active,,true,s1,teacher,li,,明,李,,T1\nu2,active,,true,s1,student,wang,,小红,王,,P1\n".as_bytes()),
        ("demographics.csv", b"sourcedId,birthDate\nu2,2017-01-01\n"),
    ]);
    let report = import(&house, &county, "roster.zip", file.clone(), false).await;
    assert_eq!((errors(&report), &report["done"]), (vec![], &json!(true)));
    assert_eq!(
        counts(&report),
        ["orgs 1/0/0", "terms 1/0/0", "classrooms 1/0/0", "classes 1/0/0", "teachers 1/0/0"]
    );
    let notes = report["notes"].to_string();
    for word in ["教学班", "学生", "demographics", "青山县"] {
        assert!(notes.contains(word), "{word}: {notes}");
    }
    let all = everything(&house).await.to_string();
    assert!(all.contains("李明") && !all.contains("小红") && !all.contains("P1"), "{all}");
    let class = &house.get("/api/classes").await[0];
    assert_eq!((&class["size"], &class["grade"]), (&json!(1), &json!(3)));
    let teacher = &house.get("/api/teachers").await[0];
    assert_eq!(
        teacher["subjects"],
        json!([{"subject": "音乐", "grade_from": 3, "grade_to": 3, "edition": ""}])
    );
    let again = import(&house, &county, "roster.zip", file, true).await;
    assert!(counts(&again).iter().all(|count| count.contains(" 0/0/")), "{again}");
}

#[tokio::test]
async fn a_county_goes_out_and_comes_into_an_empty_house_as_it_was() {
    let (full, empty) = (House::open().await, House::open().await);
    let made_up = demo::county(demo::Scale::default(), 1, "2026-11-28".parse().unwrap());
    assert!(full.app.store().found_county(&made_up, tongtang::clock::now()).await.unwrap());
    let path = format!("/api/orgs/{}/exports/places.xlsx", made_up.county);
    let file = download(&full, &path).await;
    let county = made(&empty, "/api/orgs", org(None, "county", "990121", "新县")).await;
    let report = import(&empty, &county, "places.xlsx", file.clone(), false).await;
    assert_eq!((errors(&report), &report["done"]), (vec![], &json!(true)));
    let (mut there, mut here) = (everything(&full).await, everything(&empty).await);
    // The province and the city lie above what was exported.
    there["orgs"].as_array_mut().unwrap().drain(..2);
    for list in ["terms", "bell-schedules", "classrooms", "classes", "teachers", "orgs"] {
        let sorted = |all: &mut Value| {
            let mut rows: Vec<String> =
                all[list].as_array().unwrap().iter().map(ToString::to_string).collect();
            rows.sort();
            rows
        };
        assert_eq!(sorted(&mut there), sorted(&mut here), "{list}");
    }
    let prescribed = async |house: &House, org: &str| house.get(&format!("/api/orgs/{org}/curriculum")).await;
    assert_eq!(prescribed(&full, made_up.county.as_str()).await, prescribed(&empty, &county).await);
    // In which room a class sits, and by which bells a school goes, is in the file that comes out again.
    let again = download(&empty, &format!("/api/orgs/{county}/exports/places.xlsx")).await;
    let (first, second) = (cells(&file), cells(&again));
    for (sheet, rows) in &first {
        assert_eq!(Some(rows), second.get(sheet), "{sheet}");
    }
    let same = import(&full, made_up.county.as_str(), "places.xlsx", again, false).await;
    assert!(counts(&same).iter().all(|count| count.contains(" 0/0/")), "{same}");
}

/// Sheets of sorted rows.
fn cells(file: &[u8]) -> std::collections::BTreeMap<String, Vec<String>> {
    use calamine::Reader;
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(std::io::Cursor::new(file.to_vec())).unwrap();
    let sheets = book.worksheets();
    let rows = |range: calamine::Range<calamine::Data>| {
        let mut rows: Vec<String> = range.rows().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    };
    sheets.into_iter().map(|(name, range)| (name, rows(range))).collect()
}

#[tokio::test]
async fn rows_lie_in_the_place_that_is_imported_into_and_nobody_learns_of_others() {
    let house = House::open().await;
    let county = empty_county(&house).await;
    import(&house, &county, "x.xlsx", county_file(), false).await;
    let school = text(&house.get("/api/orgs").await[1]["id"]);
    let before = everything(&house).await;
    let file = workbook(&[(
        "班级",
        &[
            &["班级代码", "学校代码", "班级名称", "年级"],
            &["C8", "4301002", "三班", "3"],
            &["C1", "", "三班", "3"],
        ],
    )]);
    let told = errors(&import(&house, &school, "x.xlsx", file, false).await);
    assert!(told[0].starts_with("班级 2 学校代码: 没有找到“4301002”，或不属于“中心小学”"), "{told:?}");
    // Whose a code is, is told to who may see them.
    assert!(told[1].starts_with("班级 3 班级代码: 编码“C1”属于“河口教学点 三（1）班”"), "{told:?}");
    let own = roles::somebody_at(&house, AccountRole::Administrator, &school).await;
    let file = workbook(&[("学校", &[&["代码", "名称"], &["4301002", "河口"], &["430100", "县"]])]);
    let asked = house
        .request(Method::POST, &format!("/api/orgs/{school}/imports?dry_run=false"))
        .header("cookie", own)
        .header("origin", house.url(""))
        .body(file);
    let told = errors(&expect(asked, StatusCode::OK).await);
    assert!(told[0].starts_with("学校 2 代码: 编码“4301002”已被您管理范围之外的单位使用"), "{told:?}");
    assert!(told[1].starts_with("学校 3 代码: 编码“430100”已被您管理范围之外的单位使用"), "{told:?}");
    assert_eq!(everything(&house).await, before);
    let elsewhere = request(&house, "org-0", "x.xlsx", county_file(), true);
    expect(elsewhere, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn who_schedules_imports_a_timetable_and_no_places() {
    let county = County::open().await;
    let walked = roles::somebody_at(&county.house, AccountRole::Scheduler, "org-county").await;
    let ask = async |file: Vec<u8>, status| {
        let request = county
            .house
            .request(Method::POST, "/api/orgs/org-county/imports?dry_run=false&name=x.xlsx")
            .header("cookie", &walked)
            .header("origin", county.house.url(""))
            .header("content-type", "application/octet-stream")
            .body(file);
        expect(request, status).await
    };
    ask(workbook(&[SCHOOLS]), StatusCode::FORBIDDEN).await;
    let form = county
        .house
        .request(Method::POST, "/api/orgs/org-county/imports?dry_run=false")
        .header("cookie", &walked)
        .header("origin", county.house.url(""))
        .header("content-type", "text/plain")
        .body("a form of another site's page");
    expect(form, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let day = county.day(WEEK, 2).to_string();
    let file = timetable(&[&[&day, "1", "音乐", "3", "T1", "录播一室", "C1"]]);
    let report = ask(file, StatusCode::OK).await;
    assert_eq!(counts(&report), ["timetable 1/0/0"], "{report}");
}

const LESSONS: &[&str] = &["日期", "节次", "学科", "年级", "教师编号", "主讲教室", "接收班级代码"];

fn timetable(rows: &[&[&str]]) -> Vec<u8> {
    let rows: Vec<&[&str]> = [LESSONS].into_iter().chain(rows.iter().copied()).collect();
    workbook(&[("课表", &rows)])
}

#[tokio::test]
async fn a_timetable_is_imported_as_one_change_and_a_clash_is_told_by_its_row() {
    let county = County::open().await;
    let house = &county.house;
    let (tuesday, wednesday) = (county.day(WEEK, 2).to_string(), county.day(WEEK, 3).to_string());
    let past = county.day(1, 2).to_string();
    let good: &[&[&str]] = &[
        &[&tuesday, "1", "音乐", "3", "T1", "录播一室", "C1、C3"],
        &[&tuesday, "2", "音乐", "3", "T1", "录播一室", "C1"],
        &[&wednesday, "2", "美术", "4", "T2", "录播二室", "C2"],
    ];
    let looked = import(house, "org-county", "x.xlsx", timetable(good), true).await;
    assert_eq!((errors(&looked), counts(&looked)), (vec![], vec!["timetable 3/0/0".to_owned()]));
    assert!(county.week(WEEK, "org_id=org-county").await.is_empty());
    let done = import(house, "org-county", "x.xlsx", timetable(good), false).await;
    assert_eq!(counts(&done), ["timetable 3/0/0"]);
    assert_eq!(county.week(WEEK, "org_id=org-county").await.len(), 3);
    let again = import(house, "org-county", "x.xlsx", timetable(good), false).await;
    assert_eq!(counts(&again), ["timetable 0/0/3"], "twice is the same");

    let bad: &[&[&str]] = &[
        good[0],
        &[&tuesday, "1", "美术", "3", "T1", "录播一室", "C2"],
        &[&wednesday, "1", "音乐", "3", "T1", "录播一室", "C1"],
        &[&wednesday, "3", "音乐", "3", "T1", "录播一室", "C1"],
        &[&wednesday, "3", "音乐", "3", "T2", "录播二室", "C1"],
        &[&past, "1", "音乐", "3", "T1", "录播一室", "C1"],
        &[&wednesday, "9", "音乐", "3", "T1", "录播一室", "C1"],
        &[&wednesday, "4", "音乐", "3", "T9", "录播一室", "C1"],
        &[&wednesday, "4", "音乐", "3", "T1", "三教室", "C1"],
        &[&wednesday, "4", "音乐", "12", "T1", "录播一室", "C1"],
        &["2020-01-01", "4", "音乐", "3", "T1", "录播一室", "C1"],
        &[&wednesday, "4", "音乐", "3", "T1", "录播一室", "C1 C8"],
        &[&wednesday, "17", "音乐", "3", "T1", "录播一室", "C1"],
    ];
    let refused = import(house, "org-county", "x.xlsx", timetable(bad), false).await;
    let told = errors(&refused);
    let said = |weekday| day_words(county.day(WEEK, weekday), Language::Chinese);
    let expected = [
        format!("课表 3 日期: 李老师{}08:05–08:40已有“三年级音乐”", said(2)),
        format!("课表 4 日期: 三（1）班{}08:00–08:40已有“语文”", said(3)),
        format!("课表 6 日期: 三（1）班{}09:50–10:30已有“三年级音乐”", said(3)),
        "课表 7 日期: “三年级音乐”已经开始或结束".to_owned(),
        "课表 8 节次: 中心小学的作息时间里没有第 9 节".to_owned(),
        "课表 9 教师编号: 没有找到“T9”".to_owned(),
        "课表 10 主讲教室: 没有找到“三教室”".to_owned(),
        "课表 11 年级: 请填写 1 到 9 之间的整数".to_owned(),
        "课表 12 日期: 2020-01-01 不在任何学期内".to_owned(),
        "课表 13 接收班级代码: 没有找到“C8”".to_owned(),
        "课表 14 节次: 请填写 1 到 16 之间的整数".to_owned(),
    ];
    assert_eq!(told.len(), expected.len(), "{}", told.join("\n"));
    for (told, expected) in told.iter().zip(&expected) {
        assert!(told.starts_with(expected.as_str()), "{told}\nis not\n{expected}");
    }
    assert_eq!(county.week(WEEK, "org_id=org-county").await.len(), 3, "all or nothing");

    // It is one change of the history, and can be undone like any other.
    let history = house.get("/api/terms/term-1/changes").await;
    assert_eq!((&history[0]["kind"], &history[0]["lessons"]), (&json!(ChangeKind::Import), &json!(3)));
    assert_eq!(history[0]["words"], "从表格导入 3 节课");
    let file = download(house, "/api/orgs/org-county/exports/timetable.xlsx").await;
    let same = import(house, "org-county", "timetable.xlsx", file.clone(), false).await;
    assert_eq!(counts(&same), ["timetable 0/0/3"], "{same}");
    county.undo(&json!({"change": history[0]}), StatusCode::OK).await;
    assert!(county.week(WEEK, "org_id=org-county").await.is_empty());
    let back = import(house, "org-county", "timetable.xlsx", file, false).await;
    assert_eq!(counts(&back), ["timetable 3/0/0"], "what goes out comes in: {back}");
}

#[tokio::test]
async fn no_class_without_consent_is_booked_and_no_lesson_is_lost_to_a_calendar() {
    let county = County::open().await;
    let house = &county.house;
    let day = county.day(WEEK, 2).to_string();
    county.run("UPDATE class_group SET consent_live = 0 WHERE id = 'cls-a2'").await;
    let file = timetable(&[&[&day, "1", "音乐", "4", "T1", "录播一室", "C2"]]);
    let told = errors(&import(house, "org-county", "x.xlsx", file, false).await);
    assert!(told[0].starts_with("课表 2 接收班级代码: 四（1）班还没有“互动上课”的家长同意"), "{told:?}");
    county.add(2, 1).await;
    let before = everything(house).await;
    let off: &[&[&str]] = &[&["学期名称", "日期", "类型", "说明"], &["秋季学期", &day, "放假", "校庆"]];
    let told = errors(&import(house, "org-county", "x.xlsx", workbook(&[("校历", off)]), false).await);
    assert!(told[0].starts_with(&format!("校历 2 日期: {day} 已经排了课")), "{told:?}");
    assert_eq!(everything(house).await, before);
}

/// A program that stands in `tongtang`'s place and does this.
fn program(folder: &std::path::Path, script: &str) -> PathBuf {
    let path = folder.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_reading_process_that_is_killed_is_told_and_nothing_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open_with_program(program(folder.path(), "kill -9 $$")).await;
    let county = empty_county(&house).await;
    let refused = request(&house, &county, "x.xlsx", county_file(), false);
    let refused = expect(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(text(&refused["detail"]).contains("超出了限制"), "{refused}");
    assert_eq!(house.get("/api/orgs").await.as_array().unwrap().len(), 1);
    let house = house.reopen().await;
    let done = import(&house, &county, "x.xlsx", county_file(), false).await;
    assert_eq!(done["done"], true, "{done}");
}

#[tokio::test]
async fn who_goes_away_takes_the_reading_process_along() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("echo $$ >{0}.part && mv {0}.part {0}; exec sleep 600", pid.display());
    let house = House::open_with_program(program(folder.path(), &script)).await;
    let county = empty_county(&house).await;
    let asked = tokio::spawn(request(&house, &county, "x.xlsx", county_file(), false).send());
    let child = wait_for("the child", async || std::fs::read_to_string(&pid).ok()).await;
    let proc = PathBuf::from(format!("/proc/{}/cmdline", child.trim()));
    assert!(std::fs::read(&proc).is_ok_and(|line| !line.is_empty()), "it runs");
    asked.abort();
    // Killed, and soon not even a zombie with a command line.
    wait_for("its end", async || std::fs::read(&proc).map_or(true, |line| line.is_empty()).then_some(()))
        .await;
}
