//! `POST /internal/nodes`: a node says that it is there.
//!
//! Guarded by the control secret, compared in constant time. Enters: [`Register`]. Leaves:
//! [`Registered`](tongtang_protocol::control::Registered) or a problem.

use super::{Nodes, RegisterError};
use crate::answer;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use tongtang_http::bearer::has_secret;
use tongtang_protocol::control::Register;
use tongtang_protocol::problem::Problem;

/// Largest registration, in bytes.
const MAX_BODY_BYTES: usize = 4 * 1024;

#[derive(Clone)]
struct Door {
    nodes: Nodes,
    control_secret: String,
}

/// The route for nodes.
pub fn router(nodes: Nodes, control_secret: String) -> Router {
    Router::new()
        .route("/internal/nodes", post(register))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Door { nodes, control_secret })
}

async fn register(
    State(door): State<Door>,
    headers: HeaderMap,
    body: Result<Json<Register>, axum::extract::rejection::JsonRejection>,
) -> Response {
    if !has_secret(&headers, &door.control_secret) {
        let detail = "nodes carry the installation's control secret (data_dir/secrets/control-secret)";
        return answer::problem(
            &Problem::new(401, "unauthorized", "control secret missing or wrong").with_detail(detail),
        );
    }
    let Json(said) = match body {
        Ok(body) => body,
        Err(rejection) => {
            let status = rejection.status().as_u16();
            return answer::problem(&Problem::new(status, "bad_registration", rejection.body_text()));
        }
    };
    match door.nodes.register(said) {
        Ok(registered) => Json(registered).into_response(),
        Err(error) => {
            let status = match error {
                RegisterError::BadUrl | RegisterError::NoTap => 422,
                RegisterError::DeadEpoch => 409,
                RegisterError::Full => 503,
            };
            answer::problem(&Problem::new(status, "registration_refused", error.to_string()))
        }
    }
}
