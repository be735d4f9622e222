//! The inner house as its callers see it: a real database, real HTTP and WebSockets, and stand-ins
//! for the sfu and the recorder that write down what they are told.
#![allow(clippy::unwrap_used, missing_docs)]

/// `lesson_house_postgres` has the other.
const DATABASE: house::Kind = house::Kind::Sqlite;

mod abandoned;
mod access;
mod accounts;
mod calendar;
mod calendar_feeds;
mod county_api;
mod flow;
mod house;
mod kill;
mod ledger;
mod library;
mod limits;
mod lists;
mod nodes;
mod oidc;
mod pages;
mod pairing;
mod places;
mod planning;
mod reconcile;
mod resume;
mod roles;
mod screens;
mod term_county;
mod term_opening;
mod term_timetable;
mod timetable;
