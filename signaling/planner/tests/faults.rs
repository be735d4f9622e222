//! Each mistake of an instance is named by its path.

mod county;

use county::county;
use serde_json::{Value, json};
use tongtang_planner::check::{self, InstanceError, MAX_FAULTS};
use tongtang_planner::instance::MAX_INSTANCE_BYTES;

/// The paths that are named once the county has been changed.
fn named(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut county = county();
    change(&mut county);
    match check::read(county.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(InstanceError::Faults(faults, _)) => faults.into_iter().map(|fault| fault.path).collect(),
        Err(other) => panic!("not a list of faults: {other}"),
    }
}

#[test]
fn each_mistake_is_named_by_its_path() {
    assert_eq!(named(|_| {}), [""; 0]);
    let cases: [(&str, Value, &str); 22] = [
        ("/version", json!(2), "version"),
        ("/lesson_minutes", json!(4), "lesson_minutes"),
        ("/max_receiving", json!(17), "max_receiving"),
        ("/schools/1/id", json!("c"), "schools[1].id"),
        ("/schools/1/link/down_kbps", json!(100_000_001), "schools[1].link.down_kbps"),
        ("/schools/1/bells/0/weekdays/0", json!(8), "schools[1].bells[0].weekdays[0]"),
        ("/schools/1/bells/0/periods/1/start_minute", json!(500), "schools[1].bells[0].periods[1]"),
        ("/schools/1/bells/0/periods/1/period", json!(1), "schools[1].bells[0].periods[1].period"),
        ("/classes/0/school", json!("nowhere"), "classes[0].school"),
        ("/classes/0/grade", json!(13), "classes[0].grade"),
        ("/classes/0/occupied", json!([{ "weekday": 1, "period": 9 }]), "classes[0].occupied[0]"),
        ("/teachers/0/school", json!("nowhere"), "teachers[0].school"),
        ("/teachers/0/teaches/0/grades/0", json!(0), "teachers[0].teaches[0].grades[0]"),
        ("/teachers/0/free", json!([{ "weekday": 3, "period": 1 }]), "teachers[0].free[0]"),
        (
            "/teachers/0/wishes",
            json!([{ "weekday": 1, "period": 1, "weight": 0 }]),
            "teachers[0].wishes[0].weight",
        ),
        ("/master_rooms/0/school", json!("nowhere"), "master_rooms[0].school"),
        ("/receiving_rooms/1/id", json!("ra"), "receiving_rooms[1].id"),
        ("/demands/1/class", json!("a3"), "demands[1]"),
        ("/demands/0/class", json!("nobody"), "demands[0].class"),
        ("/demands/0/on_site", json!(3), "demands[0].on_site"),
        ("/demands/0/max_a_day", json!(0), "demands[0].max_a_day"),
        (
            "/existing",
            json!({ "pairings": [{ "teacher": "li", "subject": "音乐", "classes": ["x"] }] }),
            "existing.pairings[0].classes[0]",
        ),
    ];
    for (pointer, value, path) in cases {
        let paths = named(|county| {
            let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
            let parent = county.pointer_mut(parent).expect("a place in the county");
            match key.parse::<usize>() {
                Ok(index) if parent.is_array() => parent[index] = value,
                _ => parent[key] = value,
            }
        });
        assert!(paths.iter().any(|named| named == path), "{pointer}: {paths:?} instead of {path}");
    }
}

#[test]
fn a_misspelt_field_is_no_instance() {
    let mut county = county();
    county["lesson_minute"] = json!(40);
    assert!(matches!(check::read(county.to_string().as_bytes()), Err(InstanceError::Form(_))));
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let long = vec![b' '; MAX_INSTANCE_BYTES + 1];
    assert!(matches!(check::read(&long), Err(InstanceError::TooLong(bytes)) if bytes == long.len()));
}

#[test]
fn of_very_many_mistakes_the_first_are_named_and_the_rest_counted() {
    let mut wrong = county();
    wrong["classes"] = (0..MAX_FAULTS + 7).map(|i| county::class(&format!("k{i}"), "nowhere")).collect();
    wrong["demands"] = json!([]);
    match check::read(wrong.to_string().as_bytes()) {
        Err(InstanceError::Faults(faults, more)) => assert_eq!((faults.len(), more), (MAX_FAULTS, 7)),
        other => panic!("{other:?}"),
    }
}
