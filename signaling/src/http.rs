//! The HTTP API: routes, who may use them, and the document that describes them.
//!
//! Every handler names a [`crate::auth::Caller`] and asks it for what it needs; a route without one
//! is open to everybody, which the access table in `tests/lesson_house/access.rs` has to say too.
//!
//! * [`session`]: set-up, signing in and out
//! * [`sign_in`]: passwords and second factors
//! * [`oidc`]: signing in at a provider
//! * [`accounts`]: accounts and their roles
//! * [`lessons`]: making, listing, ending lessons, and media for programs
//! * [`devices`]: pairing screens
//! * [`library`]: resources, their jobs, and what changes
//! * [`places`]: the organisation tree, classrooms, classes, teachers, what is prescribed
//! * [`calendar`]: terms and bell times
//! * [`timetable`]: lessons of a term, changing them, and what was changed
//! * [`today`]: today's lessons, and starting one
//! * [`calendar_feeds`]: the same for calendar programs
//! * [`media`]: files behind signed addresses
//! * [`ledger`]: what is prescribed and what of it is taught
//! * [`input`]: limits of what people type
//! * [`plans`]: asked for, watched, looked at, published
//! * [`repairs`]: ways out when somebody is not there
//! * [`peer`]: the address a request comes from
//! * [`security`]: what the document says of who gets in

pub mod accounts;
pub mod calendar;
pub mod calendar_feeds;
pub mod devices;
pub mod input;
pub mod ledger;
pub mod lessons;
pub mod library;
pub mod media;
pub mod oidc;
pub mod peer;
pub mod places;
pub mod plans;
pub mod repairs;
pub mod security;
pub mod session;
pub mod sign_in;
pub mod timetable;
pub mod today;

use crate::app::App;
use crate::problem::{ApiError, speak};
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{any, get};
use axum::{Json, Router};
use tongtang_protocol::message::{Numbered, PageMessage};
use tongtang_protocol::problem::Problem;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest request body of the API, in bytes; more is refused.
const MAX_BODY_BYTES: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(title = "Tongtang", description = "Lessons, screens and the library of one Tongtang server. Errors are RFC 9457 problems."),
    components(schemas(PageMessage, Numbered, Problem)),
    tags(
        (name = "session", description = "Who the caller is"),
        (name = "sign_in", description = "Signing in with an account"),
        (name = "oidc", description = "Signing in at a provider (OpenID Connect)"),
        (name = "account", description = "Accounts and their roles"),
        (name = "lesson", description = "Lessons and their WebSocket"),
        (name = "device", description = "Classroom screens"),
        (name = "ledger", description = "Periods prescribed and taught (开齐开足)"),
        (name = "plan", description = "Pairings and lessons of a term, proposed by the planner"),
        (name = "library", description = "What became of lessons"),
        (name = "timetable", description = "Lessons of a term and their changes"),
        (name = "org", description = "The organisation tree"),
        (name = "curriculum", description = "What is prescribed"),
        (name = "classroom", description = "Classrooms"),
        (name = "class", description = "Class groups"),
        (name = "teacher", description = "Teachers"),
        (name = "term", description = "Terms, holidays and make-up days"),
        (name = "bell", description = "Bell times"),
    )
)]
struct Document;

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::set_up))
        .routes(routes!(session::make_link))
        .routes(routes!(session::show, session::sign_out))
        .routes(routes!(session::teacher))
        .routes(routes!(sign_in::ways, sign_in::password))
        .routes(routes!(sign_in::set_up_second_factor))
        .routes(routes!(sign_in::second_factor))
        .routes(routes!(sign_in::set_password))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::callback))
        .routes(routes!(oidc::back_channel_logout))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::show, accounts::change, accounts::remove))
        .routes(routes!(accounts::invite))
        .routes(routes!(accounts::clear_second_factor))
        .routes(routes!(lessons::list, lessons::create))
        .routes(routes!(lessons::show))
        .routes(routes!(lessons::access))
        .routes(routes!(lessons::open))
        .routes(routes!(lessons::end))
        .routes(routes!(lessons::grant))
        .routes(routes!(devices::pair))
        .routes(routes!(devices::ask))
        .routes(routes!(devices::list, devices::claim))
        .routes(routes!(devices::rename, devices::remove))
        .routes(routes!(devices::place))
        .routes(routes!(library::list))
        .routes(routes!(library::events))
        .routes(routes!(library::show, library::remove))
        .routes(routes!(library::retry))
        .routes(routes!(library::cancel))
        .routes(routes!(ledger::show))
        .routes(routes!(ledger::export))
        .routes(routes!(ledger::lessons))
        .routes(routes!(plans::list, plans::create))
        .routes(routes!(plans::show, plans::discard))
        .routes(routes!(plans::events))
        .routes(routes!(plans::cancel))
        .routes(routes!(plans::draft))
        .routes(routes!(plans::publish))
        .routes(routes!(plans::pairings))
        .routes(routes!(repairs::propose))
        .routes(routes!(timetable::week))
        .routes(routes!(timetable::add))
        .routes(routes!(timetable::show))
        .routes(routes!(timetable::check))
        .routes(routes!(timetable::change))
        .routes(routes!(timetable::history))
        .routes(routes!(timetable::undo))
        .routes(routes!(timetable::events))
        .routes(routes!(today::today))
        .routes(routes!(today::start))
        .routes(routes!(calendar_feeds::create))
        .routes(routes!(calendar_feeds::show))
        .routes(routes!(media::file))
        .routes(routes!(crate::ws::socket::open))
        .merge(places::routes())
        .merge(calendar::routes())
}

/// All of `/api` and `/media`. Needs `ConnectInfo<SocketAddr>` and, for HTTPS listeners, an
/// `Extension(Scheme::Https)`.
pub fn router(app: App) -> Router {
    let (router, document) = described().split_for_parts();
    let document = security::describe(document);
    router
        .route("/api/openapi.json", get(async move || Json(document.clone())))
        .route("/api/{*unknown}", any(async || ApiError::NotFound))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(speak))
        .with_state(app)
}

/// The document without a server: TypeScript is generated from it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    security::describe(described().split_for_parts().1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_operation_has_a_name_of_its_own_that_begins_with_what_it_is_about() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut seen = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let (id, tag) = (&operation["operationId"], &operation["tags"][0]);
                let (id, tag) = (id.as_str().unwrap(), tag.as_str().unwrap());
                assert!(id.starts_with(&format!("{tag}_")), "{method} {path} is called {id}");
                assert!(seen.insert(id.to_owned()), "{method} {path}: {id} is another operation's name");
            }
        }
        assert!(seen.contains("lesson_create") && seen.contains("lesson_socket"), "{seen:?}");
    }
}
