//! `slipway up`: serves an application until it is told to end.

use std::sync::Arc;

use anyhow::Result;

use crate::assemble::assemble;
use crate::cli::Up;
use crate::lifecycle::Lifecycle;
use crate::server::{Lanes, sweep};
use crate::serving::Bound;

/// Serves until a signal ends the process.
///
/// # Errors
/// If a port is taken, the application cannot be served, or requests outlast the drain.
pub fn run(up: Up) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(serve_until_signal(up));
    // What a component still does in the background is not waited for: it is done again by whoever comes next.
    runtime.shutdown_background();
    result
}

async fn serve_until_signal(up: Up) -> Result<()> {
    let mut bound = Bound::new(up.listen, up.admin_listen).await?;
    let Some(app) = bound.unless_ended(assemble(&up, Lifecycle::default())).await else {
        return Ok(());
    };
    let app = app?;
    tokio::spawn(Arc::clone(&app.postgres).close_idle());
    if let Some(period) = up.sweep_every {
        tokio::spawn(sweep(Arc::clone(&app), period));
    }
    let public = Lanes::here(Arc::clone(&app));
    bound.serve(app, public).await
}
