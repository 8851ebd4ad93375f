//! Asks the application, every so often, to go on with work that is due: what a CronJob does in a cluster.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::time::MissedTickBehavior;

use super::app::App;
use super::internal;
use crate::lifecycle::Phase;

/// The path by which an application goes on with work that is due.
const PATH: &str = "/internal/reconcile";

/// Sweeps every `period` until the application drains. Does nothing for one without internal paths.
pub async fn sweep(app: Arc<App>, period: Duration) {
    if !internal::has(&app, PATH) {
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
            () = app.core.lifecycle.reached(Phase::Draining) => return,
        }
    }
}

async fn once(app: &App) {
    let Some(answer) = internal::ask(app, Method::POST, PATH).await else { return };
    if !answer.status().is_success() {
        tracing::warn!(status = answer.status().as_u16(), "sweep failed");
    }
}
