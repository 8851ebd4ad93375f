//! `/internal/reconcile`: tries every promotion that is due.

use std::time::Duration;

use bytes::Bytes;
use gitops::host::{DeliveryLog, GitHost};
use http::{Response, StatusCode};
use ledger::Store;
use serde::Serialize;

use crate::answer;
use crate::config::Config;
use crate::error::WebhookError;
use crate::heal::{self, HealReport};
use crate::sweep::{Limit, SweepReport, sweep};

/// What reconciling is called in the ledger.
pub(crate) const NAME: &str = "reconcile";

/// The body of an answer.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    sweep: SweepReport,
    /// Absent when it was not yet time for it, or no hooks are configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    heal: Option<HealReport>,
}

/// `POST`: sweeps, asks for lost deliveries when it is time, and tells what became of it.
pub(crate) async fn run<S: Store, H: GitHost + DeliveryLog>(
    config: &Config,
    store: &S,
    host: &H,
) -> Result<Response<Bytes>, WebhookError> {
    let hooks = &config.setup()?.hooks;
    store.begin_sweep(NAME, Duration::ZERO).await?;
    let mut sweep = sweep(store, config, host, Limit::RECONCILE).await;
    if let Some(error) = sweep.stopped.take() {
        return Err(error.into());
    }
    let is_time = !hooks.is_empty() && store.begin_sweep(heal::NAME, heal::PERIOD).await?;
    let heal = if is_time { Some(heal::heal(store, host, hooks).await?) } else { None };
    answer::json(StatusCode::OK, &Report { sweep, heal })
}
