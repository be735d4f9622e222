//! For operators and their machines: `/healthz`, `/readyz`, `/metrics`.

use crate::answer;
use crate::nodes::{NodeState, Nodes};
use crate::store::Store;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;
use tongtang_http::bearer::has_secret;
use tongtang_protocol::control::NodeKind;
use tongtang_protocol::problem::Problem;

#[derive(Clone)]
struct Operator {
    nodes: Nodes,
    store: Store,
    control_secret: String,
}

/// A database that does not answer by then keeps lessons waiting too.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// The three routes.
pub fn router(nodes: Nodes, store: Store, control_secret: String) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Operator { nodes, store, control_secret })
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

/// Ready: lessons can be taught, i.e. the database can be written and an sfu is up. A missing recorder
/// is told and keeps nobody out.
async fn readyz(State(operator): State<Operator>) -> Response {
    let count = |kind| {
        let up = |node: &&crate::nodes::Node| node.kind == kind && node.state == NodeState::Up;
        operator.nodes.all().iter().filter(up).count()
    };
    let (sfus, recorders) = (count(NodeKind::Sfu), count(NodeKind::Recorder));
    let database = match tokio::time::timeout(STORE_WITHIN, operator.store.ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "not ready: the database cannot be written");
            false
        }
        Err(_) => false,
    };
    let ready = database && sfus > 0;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let said =
        serde_json::json!({ "ready": ready, "database": database, "sfu": sfus, "recorder": recorders });
    (status, Json(said)).into_response()
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
