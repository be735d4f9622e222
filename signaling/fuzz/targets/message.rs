//! What a page says over the lesson WebSocket and in bodies of the HTTP API: what is read means the same when it is
//! written and read again, and its names stay inside their limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use tongtang_protocol::api::{GrantRequest, NewLesson, Pair, Rename, SetUp, TeacherSignIn};
use tongtang_protocol::device::{ScreenAsks, ScreenClaim};
use tongtang_protocol::ids::MAX_ID_LEN;
use tongtang_protocol::message::{Action, PageMessage};

fn read<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(text).ok()?;
    let again = serde_json::from_slice(&serde_json::to_vec(&value).unwrap()).unwrap();
    assert_eq!(value, again);
    Some(value)
}

fuzz_target!(|text: &[u8]| {
    if let Some(PageMessage::Request { action: Action::Expel { participant }, .. }) = read(text) {
        let name = participant.as_str();
        assert!(!name.is_empty() && name.len() <= MAX_ID_LEN && !name.contains(['/', '.', '\\']));
    }
    read::<NewLesson>(text);
    read::<Pair>(text);
    read::<ScreenAsks>(text);
    read::<ScreenClaim>(text);
    read::<Rename>(text);
    read::<GrantRequest>(text);
    read::<SetUp>(text);
    read::<TeacherSignIn>(text);
});
