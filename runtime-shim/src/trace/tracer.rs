//! The maker of spans, which is there only with tracing on.

use std::sync::Arc;

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::export::{self, Export};
use super::settings::Settings;
use crate::metrics::Metrics;

/// Makes spans and sends them away; or, by default, does nothing.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Inner>>);

struct Inner {
    sdk: SdkTracer,
    export: Export,
}

impl Tracer {
    /// Begins to trace as `settings` say; without any, tracing is off. Needs a runtime to export on.
    ///
    /// # Errors
    /// If spans could not be exported as the settings say.
    pub fn new(settings: Option<Settings>, metrics: &Arc<Metrics>) -> anyhow::Result<Self> {
        let Some(settings) = settings else { return Ok(Self::default()) };
        let resource = settings.resource();
        let (queue, export) = export::begin(&settings, &resource, metrics)?;
        tracing::info!("tracing to {}", settings.endpoint);
        let provider = SdkTracerProvider::builder()
            .with_sampler(settings.sampler)
            .with_resource(resource)
            .with_span_processor(queue)
            .build();
        let scope = InstrumentationScope::builder("slipway").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Self(Some(Arc::new(Inner { sdk: provider.tracer_with_scope(scope), export }))))
    }

    /// Whether spans are made at all.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Sends what is queued, and ends; returns after [`export::FLUSH_TIMEOUT`] at the latest.
    pub async fn flush(&self) {
        if let Some(inner) = &self.0 {
            inner.export.flush().await;
        }
    }

    pub(super) fn sdk(&self) -> Option<&SdkTracer> {
        self.0.as_deref().map(|inner| &inner.sdk)
    }
}
