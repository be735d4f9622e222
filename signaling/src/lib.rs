//! The front door of Tongtang: lessons, people, the library, and the way to the media nodes.
//!
//! ```text
//!  browser ──▶ front (listeners, headers, pages) ─┬─ /whip /whep ──▶ media_proxy ──▶ the room's sfu
//!                                                 └─ /api /media
//!                                                        ▼
//!          ──HTTP──▶ http (access, problem) ──▶ lesson / device / library ──▶ store (SQLite)
//!          ──WS────▶ ws (hello, numbered, resume) ──▶ lesson::Runner ─▶ lesson::Machine (sans-IO)
//!                                                        │ effects
//!                                                        ▼
//!                                      nodes (sfu and recorder clients) ──▶ sfu, recorder
//!  sfu, recorder ──POST /internal/nodes──▶ nodes ──events──▶ lesson, library
//!  cli::serve ──▶ supervise ──starts, adopts──▶ sfu, recorder; their ends ──▶ nodes
//! ```
//!
//! Truth is in the store. What a node holds is derived from it, and put there again whenever the
//! node lost it (`lesson::reconcile`).

pub mod answer;
pub mod app;
pub mod auth;
pub mod bus;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod demo;
pub mod device;
pub mod fresh;
pub mod front;
pub mod http;
pub mod import;
pub mod ledger;
mod ledger_workbook;
pub mod lesson;
pub mod library;
pub mod log;
pub mod machine;
pub mod nodes;
pub mod places;
pub mod planning;
pub mod problem;
pub mod store;
pub mod supervise;
pub mod timetable;
pub mod tls;
pub mod tokens;
pub mod ws;
