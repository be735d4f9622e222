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
//! * [`media`]: files behind signed addresses
//! * [`input`]: limits of what people type
//! * [`peer`]: the address a request comes from
//! * [`security`]: what the document says of who gets in

pub mod accounts;
pub mod devices;
pub mod input;
pub mod lessons;
pub mod library;
pub mod media;
pub mod oidc;
pub mod peer;
pub mod security;
pub mod session;
pub mod sign_in;

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
        (name = "library", description = "What became of lessons"),
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
        .routes(routes!(devices::list))
        .routes(routes!(devices::rename, devices::remove))
        .routes(routes!(library::list))
        .routes(routes!(library::events))
        .routes(routes!(library::show, library::remove))
        .routes(routes!(library::retry))
        .routes(routes!(library::cancel))
        .routes(routes!(media::file))
        .routes(routes!(crate::ws::socket::open))
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
