//! Asks the application, every so often, to go on with work that is due: what a CronJob does in a cluster.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::Empty;
use tokio::time::MissedTickBehavior;

use super::app::App;
use super::dispatch::{Listener, dispatch};
use crate::lifecycle::Phase;

/// The path by which an application goes on with work that is due.
const PATH: &str = "/internal/reconcile";

/// Sweeps every `period` until the application drains. Does nothing for one without internal paths.
pub async fn sweep(app: Arc<App>, period: Duration) {
    if app.internal_token.is_none() || app.router.route(PATH).is_none() {
        tracing::warn!(
            "--sweep-every has no effect: the application has no {PATH} or no variable internal_token"
        );
        return;
    }
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => once(&app).await,
            () = app.lifecycle.reached(Phase::Draining) => return,
        }
    }
}

async fn once(app: &Arc<App>) {
    let Some(token) = &app.internal_token else { return };
    let request = Request::builder()
        .method(Method::POST)
        .uri(PATH)
        .header(http::header::AUTHORIZATION, token.authorization())
        .body(Empty::<bytes::Bytes>::new());
    let Ok(request) = request else { return };
    let answer = dispatch(app, Listener::Admin, request, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
    if !answer.status().is_success() {
        tracing::warn!(status = answer.status().as_u16(), "sweep failed");
    }
}
