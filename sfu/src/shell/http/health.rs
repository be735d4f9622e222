//! `/healthz`: the process answers. `/readyz`: it takes sessions. `/metrics`: Prometheus text.

use crate::engine::Stats;
use crate::shell::clock;
use crate::shell::http::refused::Refused;
use crate::shell::http::{Access, Node};
use crate::shell::udp::worker::UdpCounters;
use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tongtang_http::bearer::has_secret;

type SharedNode = State<Arc<Node>>;

/// The three.
pub fn routes() -> Router<Arc<Node>> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(node): SharedNode) -> Result<&'static str, Refused> {
    if node.draining.load(Ordering::Relaxed) {
        return Err(Refused::unavailable("draining", "this node takes no new sessions"));
    }
    if let Access::Tokens(key) = &node.access
        && !key.is_known()
    {
        return Err(Refused::unavailable("not_registered", "this node has not reached signaling yet"));
    }
    node.workers.each(|_, _| ()).await?;
    Ok("ready\n")
}

/// For this machine itself, and for whoever has the control secret.
fn may_read_metrics(node: &Node, peer: SocketAddr, headers: &HeaderMap) -> bool {
    let is_local = peer.ip().to_canonical().is_loopback()
        && !headers.contains_key("x-forwarded-for")
        && !headers.contains_key(header::FORWARDED);
    is_local || node.control_secret.as_deref().is_some_and(|secret| has_secret(headers, secret))
}

async fn metrics(
    State(node): SharedNode,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    if !may_read_metrics(&node, peer, &headers) {
        let title = "metrics are for the machine itself and for holders of the control secret";
        return Err(Refused::new(StatusCode::FORBIDDEN, "forbidden", title));
    }
    let of_workers = node.workers.each(|engine, _| (engine.stats(), clock::thread_cpu_ns())).await?;
    let mut text = String::new();
    per_worker(&mut text, &of_workers);
    let stats = Stats::of_all(of_workers.into_iter().map(|(stats, _)| stats).collect());
    let mut gauge = |name: &str, value: u64| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "# TYPE tongtang_sfu_{name} gauge\ntongtang_sfu_{name} {value}");
    };
    gauge("rooms", stats.rooms as u64);
    gauge("sessions", stats.sessions as u64);
    gauge("taps", node.taps.load(Ordering::Relaxed));
    gauge("tcp_connections", node.tcp_places.taken() as u64);
    gauge("draining", u64::from(node.draining.load(Ordering::Relaxed)));
    let udp = |read: fn(&UdpCounters) -> &AtomicU64| -> u64 {
        node.workers.counters().map(|counters| read(counters).load(Ordering::Relaxed)).sum()
    };
    let tcp = &node.tcp_counters;
    let own = [
        ("udp_received", udp(|counters| &counters.received)),
        ("udp_sent", udp(|counters| &counters.sent)),
        ("udp_send_dropped", udp(|counters| &counters.send_dropped)),
        ("udp_send_calls", udp(|counters| &counters.send_calls)),
        ("udp_too_long", udp(|counters| &counters.too_long)),
        ("udp_receive_failed", udp(|counters| &counters.receive_failed)),
        ("tcp_accepted", tcp.accepted.load(Ordering::Relaxed)),
        ("tcp_refused", tcp.refused.load(Ordering::Relaxed)),
        ("tcp_malformed", tcp.malformed.load(Ordering::Relaxed)),
        ("tcp_received", tcp.received.load(Ordering::Relaxed)),
        ("tcp_sent", tcp.sent.load(Ordering::Relaxed)),
        ("tcp_send_dropped", tcp.send_dropped.load(Ordering::Relaxed)),
        ("tap_lost_packets", node.tap_lost.load(Ordering::Relaxed)),
    ];
    for (name, value) in stats.counters.into_iter().chain(own) {
        let _ = writeln!(text, "# TYPE tongtang_sfu_{name}_total counter\ntongtang_sfu_{name}_total {value}");
    }
    let _ = writeln!(text, "# TYPE tongtang_sfu_http_answers_total counter");
    for (hundreds, count) in node.answered.iter().enumerate().skip(1) {
        let count = count.load(Ordering::Relaxed);
        let _ = writeln!(text, "tongtang_sfu_http_answers_total{{status=\"{hundreds}xx\"}} {count}");
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// How the load is split: CPU time, packets out and sessions of each worker.
fn per_worker(text: &mut String, workers: &[(Stats, u64)]) {
    let mut family = |name: &str, kind: &str, read: &dyn Fn(&Stats, u64) -> String| {
        let _ = writeln!(text, "# TYPE tongtang_sfu_worker_{name} {kind}");
        for (worker, (stats, cpu_ns)) in workers.iter().enumerate() {
            let value = read(stats, *cpu_ns);
            let _ = writeln!(text, "tongtang_sfu_worker_{name}{{worker=\"{worker}\"}} {value}");
        }
    };
    family("cpu_seconds_total", "counter", &|_, cpu_ns| format!("{:.6}", cpu_ns as f64 / 1e9));
    family("packets_out_total", "counter", &|stats, _| stats.counter("rtp_out_packets").to_string());
    family("sessions", "gauge", &|stats, _| stats.sessions.to_string());
}
