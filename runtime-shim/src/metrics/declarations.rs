//! Declares metrics, and knows the names of all that were declared: also of those that have no series yet.

use std::collections::BTreeSet;

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// The metrics declared so far.
#[derive(Default)]
pub(super) struct Declarations {
    pub(super) registry: Registry,
    pub(super) names: BTreeSet<String>,
}

impl Declarations {
    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }

    pub(super) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> prometheus::Result<Histogram> {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
    }

    pub(super) fn histograms(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> prometheus::Result<HistogramVec> {
        self.add(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?)
    }

    /// Version and commit.
    pub(super) fn build(&mut self) -> prometheus::Result<()> {
        let help = "Version and commit of this build; always 1.";
        let gauge = self.gauges("slipway_build_info", help, &["version", "commit"])?;
        gauge.with_label_values(&[env!("CARGO_PKG_VERSION"), env!("SLIPWAY_COMMIT")]).set(1);
        Ok(())
    }

    /// CPU, memory, descriptors and start time of the process, where the platform tells them.
    pub(super) fn process(&mut self) -> prometheus::Result<()> {
        #[cfg(target_os = "linux")]
        self.register(prometheus::process_collector::ProcessCollector::for_self())?;
        Ok(())
    }

    fn add<C: Collector + Clone + 'static>(&mut self, collector: C) -> prometheus::Result<C> {
        self.register(collector.clone())?;
        Ok(collector)
    }

    fn register(&mut self, collector: impl Collector + 'static) -> prometheus::Result<()> {
        self.names.extend(collector.desc().iter().map(|metric| metric.fq_name.clone()));
        self.registry.register(Box::new(collector))
    }
}
