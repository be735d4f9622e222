//! For operators and their machines: `/healthz`, `/readyz`, `/metrics`.

use crate::answer;
use crate::nodes::{NodeState, Nodes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::net::SocketAddr;
use std::sync::OnceLock;
use tongtang_http::bearer::has_secret;
use tongtang_protocol::control::NodeKind;
use tongtang_protocol::problem::Problem;

#[derive(Clone)]
struct Operator {
    nodes: Nodes,
    control_secret: String,
}

/// The three routes.
pub fn router(nodes: Nodes, control_secret: String) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Operator { nodes, control_secret })
}

/// Installs the counters of this process, once; a second call gives the same.
pub fn counters() -> &'static PrometheusHandle {
    static COUNTERS: OnceLock<PrometheusHandle> = OnceLock::new();
    COUNTERS.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // Refused only if the process installed one elsewhere; then the page stays empty.
        let _ = metrics::set_global_recorder(recorder);
        handle
    })
}

/// Ready: lessons can be taught, i.e. an sfu is up. A missing recorder is told and keeps nobody out.
async fn readyz(State(operator): State<Operator>) -> Response {
    let count = |kind| {
        let up = |node: &&crate::nodes::Node| node.kind == kind && node.state == NodeState::Up;
        operator.nodes.all().iter().filter(up).count()
    };
    let (sfus, recorders) = (count(NodeKind::Sfu), count(NodeKind::Recorder));
    let status = if sfus > 0 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": sfus > 0, "sfu": sfus, "recorder": recorders })))
        .into_response()
}

/// For this machine itself, and for whoever has the control secret.
async fn metrics(State(operator): State<Operator>, request: Request) -> Response {
    let local = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    let allowed =
        (local && !super::is_forwarded(&request)) || has_secret(request.headers(), &operator.control_secret);
    if !allowed {
        let detail = "ask from the machine itself, or with the control secret as bearer token";
        return answer::problem(
            &Problem::new(403, "forbidden", "metrics are for operators").with_detail(detail),
        );
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], counters().render()).into_response()
}
