//! Terms and bell times over HTTP. A place keeps them for itself and those below, so somebody of a school reads those of its
//! county.
//!
//! * [`terms`]: terms, holidays and make-up days
//! * [`bells`]: bell times

pub mod bells;
pub mod terms;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(terms::list, terms::create))
        .routes(routes!(terms::show, terms::replace, terms::remove))
        .routes(routes!(bells::list, bells::create))
        .routes(routes!(bells::show, bells::replace, bells::remove))
        .routes(routes!(bells::follow))
}
