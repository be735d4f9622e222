//! Names of towns, villages and people, put together from parts; none is meant.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

const TOWN_FIRST: [&str; 20] = [
    "清", "石", "龙", "白", "双", "新", "长", "永", "大", "青", "云", "金", "东", "南", "西", "北", "上",
    "红", "高", "梅",
];
const TOWN_SECOND: [&str; 20] = [
    "溪", "桥", "泉", "塘", "河", "岭", "坪", "湾", "渡", "田", "山", "沟", "坡", "源", "洞", "井", "滩",
    "坝", "峡", "浦",
];
const VILLAGE_SECOND: [&str; 16] = [
    "家湾", "家坳", "树下", "坑", "洲", "背", "垅", "畈", "埠", "寨", "垭口", "家冲", "岩", "坞", "屋场",
    "林",
];
const SURNAMES: [&str; 40] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何",
    "林", "罗", "高", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田",
    "董", "潘", "袁", "蔡", "蒋", "余",
];
const GIVEN_FIRST: [&str; 24] = [
    "晓", "志", "文", "丽", "海", "春", "秀", "国", "雅", "建", "美", "思", "雪", "玉", "永", "小", "明",
    "艳", "佳", "俊", "红", "天", "若", "子",
];
const GIVEN_SECOND: [&str; 24] = [
    "芳", "华", "平", "梅", "玲", "军", "英", "霞", "萍", "强", "敏", "静", "涛", "娟", "林", "燕", "辉",
    "兰", "琴", "洁", "云", "峰", "婷", "宁",
];

/// A town's, by number; different up to 400, then with a number.
pub(super) fn town(number: u32) -> String {
    numbered(&TOWN_FIRST, &TOWN_SECOND, number, 7)
}

/// A village's, by number; different up to 640, then with a number.
pub(super) fn village(number: u32) -> String {
    numbered(&SURNAMES, &VILLAGE_SECOND, number, 3)
}

/// A person's.
pub(super) fn person(rng: &mut StdRng) -> String {
    let mut of = |list: &[&'static str]| list.choose(rng).copied().unwrap_or_default();
    let (surname, first, second) = (of(&SURNAMES), of(&GIVEN_FIRST), of(&GIVEN_SECOND));
    match rng.random_bool(0.3) {
        true => format!("{surname}{second}"),
        false => format!("{surname}{first}{second}"),
    }
}

/// Each pair of parts once, in an order that does not look like one.
fn numbered(first: &[&str], second: &[&str], number: u32, stride: usize) -> String {
    let (number, all) = (number as usize, first.len() * second.len());
    let at = number % all;
    // `at` walks through the first parts; the second part moves on by `stride` each time, and by one each round.
    let name =
        format!("{}{}", first[at % first.len()], second[(at * stride + at / first.len()) % second.len()]);
    match number / all {
        0 => name,
        round => format!("{name}{}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn places_have_names_of_their_own() {
        let towns: HashSet<_> = (0..1_000).map(town).collect();
        assert_eq!(towns.len(), 1_000);
        let villages: HashSet<_> = (0..1_000).map(village).collect();
        assert_eq!(villages.len(), 1_000);
    }
}
