//! What the application itself measures, to be served beside the shim's own metrics.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::backend::Backend;
use crate::metrics::exposition::{self, Reason};
use crate::shared::Shared;

/// How long what it exposes counts for further scrapes.
const FRESH: Duration = Duration::from_secs(1);

/// Most names that are warned of, lest a component that makes new ones fills memory and log.
const MAX_WARNINGS: usize = 100;

/// Asks the application once for all scrapes of a moment.
pub struct ComponentMetrics {
    answers: Shared<Exposed>,
    /// Names that were warned of.
    warned: Mutex<HashSet<String>>,
}

/// What an application exposes.
#[derive(Debug, Clone, PartialEq)]
pub enum Exposed {
    /// It has no metrics.
    Nothing,
    /// It failed to tell them.
    Failed,
    /// Families that can stand beside the shim's own.
    Families(Bytes),
}

impl Default for ComponentMetrics {
    fn default() -> Self {
        Self { answers: Shared::new(FRESH), warned: Mutex::default() }
    }
}

impl Exposed {
    /// Whether it could be read, if there is any.
    pub fn up(&self) -> Option<bool> {
        match self {
            Self::Nothing => None,
            Self::Failed => Some(false),
            Self::Families(_) => Some(true),
        }
    }

    /// The text to append.
    pub fn text(&self) -> &[u8] {
        if let Self::Families(text) = self { text } else { &[] }
    }
}

/// What the application exposes now, or did a moment ago.
pub async fn scrape(backend: &Arc<impl Backend>) -> Exposed {
    let asked = Arc::clone(backend);
    let exposed = backend.core().component_metrics.answers.get(async move { ask(&*asked).await }).await;
    exposed.unwrap_or(Exposed::Failed)
}

async fn ask(backend: &impl Backend) -> Exposed {
    let core = backend.core();
    let failed = |cause: &dyn std::fmt::Display| {
        tracing::warn!("the application's metrics cannot be read: {cause}");
        Exposed::Failed
    };
    match backend.exposed().await {
        None | Some(Ok((StatusCode::NOT_FOUND, _))) => Exposed::Nothing,
        Some(Ok((StatusCode::OK, text))) => {
            let admitted = exposition::admit(&text, core.metrics.names());
            for (name, reason) in &admitted.left_out {
                core.component_metrics.warn(name, *reason);
            }
            Exposed::Families(admitted.text.into())
        }
        Some(Ok((status, _))) => failed(&status),
        Some(Err(unanswered)) => failed(&unanswered),
    }
}

impl ComponentMetrics {
    /// Warns of a name, once.
    fn warn(&self, name: &str, reason: Reason) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() < MAX_WARNINGS && warned.insert(name.to_owned()) {
            tracing::warn!(name, "left out of the application's metrics: {reason}");
        }
    }
}
