//! What nodes say to signaling and it to them: what is read means the same when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use tongtang_protocol::control::{
    AppendEvents, ComposeSpec, RecorderEvent, RecordingSpec, Register, RoomSpec, Routes, SfuEvent,
};

fn read<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(text) {
        let again: T = serde_json::from_slice(&serde_json::to_vec(&value).unwrap()).unwrap();
        assert_eq!(value, again);
    }
}

fuzz_target!(|text: &[u8]| {
    read::<Register>(text);
    read::<RoomSpec>(text);
    read::<Routes>(text);
    read::<RecordingSpec>(text);
    read::<AppendEvents>(text);
    read::<ComposeSpec>(text);
    read::<RecorderEvent>(text);
    // Not written again: a loss beyond what 32 bits hold is read as infinite, which JSON cannot say.
    let _ = serde_json::from_slice::<SfuEvent>(text);
});
