//! The words Tongtang's programs and pages speak to each other.
//!
//! ```text
//!  page ──message──▶ signaling ──control──▶ sfu ──tap──▶ recorder
//!       ◀──message──           ◀──events──      (see tongtang-roq)
//! ```
//!
//! Only data and serde live here: no I/O, no clock, no decision. The browser's TypeScript is
//! generated from these types through the OpenAPI document, so a name is written once.
//!
//! * [`ids`]: newtypes of everything that has an identity
//! * [`units`]: quantities whose unit must not be guessed
//! * [`lesson`]: the lesson, its participants and its state machine's states
//! * [`message`]: what a page and signaling say over the lesson WebSocket
//! * [`api`]: bodies of the HTTP API that are nothing else
//! * [`device`]: classroom screens: pairing by a code on the screen, and how they are
//! * [`library`]: resources and jobs as pages see them
//! * [`trouble`]: why a recording has stopped or a job failed, for pages to say in their language
//! * [`places`]: the organisation tree, classrooms, class groups, teachers, what is prescribed
//! * [`account`]: people who sign in, and their roles
//! * [`day`]: days, weekdays and instants of Asia/Shanghai
//! * [`calendar`]: terms, holidays, bell times
//! * [`timetable`]: lessons of a term, and changes of them
//! * [`ledger`]: 开齐开足: prescribed, on site, delivered, missed
//! * [`planning`]: pairings and a planner's drafts
//! * [`problem`]: RFC 9457 problem details, the one error shape of every HTTP answer
//! * [`token`]: the claims of a room token
//! * [`control`]: what signaling says to an sfu or recorder node, and hears from it

pub mod account;
pub mod api;
pub mod calendar;
pub mod control;
pub mod day;
pub mod device;
pub mod ids;
pub mod ledger;
pub mod lesson;
pub mod library;
pub mod message;
pub mod places;
pub mod planning;
pub mod problem;
pub mod timetable;
pub mod token;
pub mod trouble;
pub mod units;
