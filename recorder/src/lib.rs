//! Captures a lesson as it happens and makes a library resource of it.
//!
//! ```text
//!  sfu ══tap══▶ source ─▶ capture ─┬─▶ segment    tracks/TRACK/000001.ttf ─┐
//!                 ▲        ▲  │    └─▶ manifest   manifest.jsonl ──────────┤ REC/, the truth
//!                 │      disk │            ▲                               │
//!  signaling ──▶ control ─────┼── events ──┘                               ▼
//!      ▲            │         ▼                                        recording ─▶ timeline
//!      │            │       board ◀── job states ── jobs                              │
//!      │            └── PUT job ─────────────────────▶ └─▶ compose (child process) ◀──┘
//!      ├── register                                                 └─▶ REC/out/
//!      └── NDJSON ◀── board
//! ```
//!
//! Capturing writes each track untouched and never decodes; composing happens after the lesson, in
//! a child process, from the files alone. Every state is rebuilt from the files at start. Modules in
//! the order of a recording's way:
//!
//! * [`serve`]: the program, put together
//! * [`control`]: what signaling says to do
//! * [`recordings`]: all recordings of a process; resumes them at start
//! * [`run`]: one recording while it runs, between tap, files and commands
//! * [`source`]: the tap client
//! * [`capture`]: packets into fragments, events into the manifest
//! * `mend`: what a crash left, put in order
//! * [`disk`]: how much room there is
//! * [`track`]: which track of which publisher, and the name of its folder
//! * [`segment`]: the fragment file: header and records, a torn tail is ignored
//! * [`manifest`]: the append-only log of a recording
//! * [`rolling`]: when the lesson is to be seen in its recording
//! * [`recording`]: a recording's folder, read back
//! * [`timeline`]: RTP timestamps of all tracks on one clock
//! * [`rtp`]: the few header fields that capture and timeline look at
//! * [`jobs`]: compose jobs, each in a child process
//! * [`compose`]: makes a library resource of a finished recording, in a child process
//! * [`probe`]: what can be seen and heard in a composed file
//! * [`clock`]: the wall clock
//! * [`board`]: how every recording and job stands, for signaling's event stream

pub mod board;
pub mod capture;
pub mod clock;
pub mod compose;
pub mod control;
pub mod disk;
pub mod jobs;
pub mod manifest;
mod mend;
pub mod probe;
pub mod recording;
pub mod recordings;
pub mod rolling;
pub mod rtp;
pub mod run;
pub mod segment;
pub mod serve;
pub mod source;
pub mod timeline;
pub mod track;
