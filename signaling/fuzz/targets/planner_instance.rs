//! A county's instance as a bureau sends it: what is read is checked, says the same when it is written and read again, and
//! each fault of what is refused has a place and a sentence.
//!
//! The planner's two files that read are built in here; depending on its crate would build HiGHS once more.
#![no_main]
#![allow(dead_code, reason = "limits and types that the rest of the planner uses")]

#[path = "../../planner/src/check.rs"]
mod check;
#[path = "../../planner/src/instance.rs"]
mod instance;

use check::{InstanceError, MAX_FAULTS};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    match check::read(json) {
        Ok(instance) => {
            let again = check::read(&serde_json::to_vec(&instance).unwrap()).unwrap();
            assert_eq!(instance, again);
        }
        Err(InstanceError::Faults(faults, more)) => {
            assert!(!faults.is_empty() && faults.len() <= MAX_FAULTS);
            assert!(more == 0 || faults.len() == MAX_FAULTS);
            assert!(faults.iter().all(|fault| !fault.path.is_empty() && !fault.what.is_empty()));
        }
        Err(InstanceError::Form(_) | InstanceError::TooLong(_)) => {}
    }
});
