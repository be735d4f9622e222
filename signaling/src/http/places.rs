//! Places and people of a county over HTTP: list, create, show, replace, delete.
//!
//! Who may read a place and what lies below, and who may change it, [`crate::auth::policy`] decides. A thing outside the
//! caller's scope is answered like one that is not there.
//!
//! * [`orgs`]: the organisation tree
//! * [`curriculum`]: what is prescribed
//! * [`classrooms`], [`classes`], [`teachers`]: what a school has
//! * [`imports`]: all of it by spreadsheet, in and out

pub mod classes;
pub mod classrooms;
pub mod curriculum;
pub mod imports;
pub mod orgs;
pub mod teachers;

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, Scope, need_at};
use crate::problem::ApiError;
use tongtang_protocol::ids::OrgId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(orgs::list, orgs::create))
        .routes(routes!(orgs::show, orgs::replace, orgs::remove))
        .routes(routes!(curriculum::show, curriculum::replace))
        .routes(routes!(classrooms::list, classrooms::create))
        .routes(routes!(classrooms::show, classrooms::replace, classrooms::remove))
        .routes(routes!(classes::list, classes::create))
        .routes(routes!(classes::show, classes::replace, classes::remove))
        .routes(routes!(teachers::list, teachers::create))
        .routes(routes!(teachers::show, teachers::replace, teachers::remove))
        .routes(routes!(imports::import))
        .routes(routes!(imports::export_places))
        .routes(routes!(imports::export_timetable))
        .routes(routes!(imports::export_template))
}

/// What a list shows: below this place, or all that the caller may read.
pub(super) async fn listed(app: &App, caller: &Caller, org: Option<&OrgId>) -> Result<Scope, ApiError> {
    match org {
        Some(org) => Ok(Scope::below(vec![need_at(app, caller, Act::ReadCounty, org).await?])),
        None => caller.may(Act::ReadCounty),
    }
}

/// A thing that is there, and that somebody may reach who may reach its place.
pub(super) fn there<T>(found: Option<T>) -> Result<T, ApiError> {
    found.ok_or(ApiError::NotFound)
}
