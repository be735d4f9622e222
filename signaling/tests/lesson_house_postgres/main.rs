//! The inner house again, with its truth in PostgreSQL.
#![allow(clippy::unwrap_used, missing_docs)]

const DATABASE: house::Kind = house::Kind::Postgres;

#[path = "../lesson_house/abandoned.rs"]
mod abandoned;
#[path = "../lesson_house/access.rs"]
mod access;
#[path = "../lesson_house/accounts.rs"]
mod accounts;
#[path = "../lesson_house/calendar.rs"]
mod calendar;
#[path = "../lesson_house/calendar_feeds.rs"]
mod calendar_feeds;
#[path = "../lesson_house/county_api.rs"]
mod county_api;
#[path = "../lesson_house/flow.rs"]
mod flow;
#[path = "../lesson_house/house.rs"]
mod house;
#[path = "../lesson_house/kill.rs"]
mod kill;
#[path = "../lesson_house/ledger.rs"]
mod ledger;
#[path = "../lesson_house/library.rs"]
mod library;
#[path = "../lesson_house/limits.rs"]
mod limits;
#[path = "../lesson_house/lists.rs"]
mod lists;
#[path = "../lesson_house/nodes.rs"]
mod nodes;
#[path = "../lesson_house/oidc.rs"]
mod oidc;
#[path = "../lesson_house/pages.rs"]
mod pages;
#[path = "../lesson_house/pairing.rs"]
mod pairing;
#[path = "../lesson_house/places.rs"]
mod places;
#[path = "../lesson_house/planning.rs"]
mod planning;
#[path = "../lesson_house/reconcile.rs"]
mod reconcile;
#[path = "../lesson_house/resume.rs"]
mod resume;
#[path = "../lesson_house/roles.rs"]
mod roles;
#[path = "../lesson_house/screens.rs"]
mod screens;
#[path = "../lesson_house/term_county.rs"]
mod term_county;
#[path = "../lesson_house/term_opening.rs"]
mod term_opening;
#[path = "../lesson_house/term_timetable.rs"]
mod term_timetable;
#[path = "../lesson_house/timetable.rs"]
mod timetable;
