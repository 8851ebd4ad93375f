//! `/internal/metrics`: what the ledger holds, as Prometheus text. The host puts it beside its own.
//!
//! Every replica counts the same database, so that these series are to be aggregated by `max`, never by `sum`.

use bytes::Bytes;
use http::Response;
use ledger::{DeliveryCount, Durations, State, Statistics, Store, Verdict};
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

use crate::answer;
use crate::config::Config;
use crate::error::WebhookError;
use crate::heal;
use crate::routes::{github, reconcile};

/// `GET`: all series, each of which exists from the first scrape.
pub(crate) async fn show<S: Store>(config: &Config, store: &S) -> Result<Response<Bytes>, WebhookError> {
    let statistics = store.statistics().await?;
    let stalled = store.count_stalled(config.patience()).await?;
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    encoder.encode(&families(&statistics, stalled), &mut text)?;
    Ok(answer::text(encoder.format_type(), text))
}

fn families(statistics: &Statistics, stalled: u64) -> Vec<MetricFamily> {
    let under_way = [State::Waiting, State::Running].map(|state| promotions(statistics, state)).iter().sum();
    let oldest = statistics.oldest_waiting.unwrap_or_default().as_secs_f64();
    let redeliveries = &statistics.redeliveries;
    vec![
        family(
            "slipway_deliveries_total",
            "Webhooks that were stored, by what became of them.",
            MetricType::COUNTER,
            deliveries(statistics),
        ),
        family(
            "slipway_promotions",
            "Promotions by state.",
            MetricType::GAUGE,
            State::ALL
                .iter()
                .map(|&state| gauge(&[("state", state.as_str())], promotions(statistics, state)))
                .collect(),
        ),
        one("slipway_promotions_queue_depth", "Promotions that have not ended.", gauge(&[], under_way)),
        one(
            "slipway_promotions_oldest_waiting_seconds",
            "How long the target that has waited longest for its commit has done so; 0 if none waits.",
            gauge(&[], oldest),
        ),
        family(
            "slipway_promotion_commit_duration_seconds",
            "From a promotion being wanted to its commit.",
            MetricType::HISTOGRAM,
            vec![histogram(&statistics.commits)],
        ),
        family(
            "slipway_sweep_age_seconds",
            "Time since work that comes round was last begun, by any replica; +Inf if it never was.",
            MetricType::GAUGE,
            [reconcile::NAME, heal::NAME].map(|name| gauge(&[("sweep", name)], age(statistics, name))).into(),
        ),
        family(
            "slipway_redeliveries_requested_total",
            "How often a sender was asked to send a delivery again that never arrived.",
            MetricType::COUNTER,
            vec![counter(&[], redeliveries.requested as f64)],
        ),
        one(
            "slipway_redeliveries_missing",
            "Deliveries that were asked for again and have not arrived.",
            gauge(&[], redeliveries.missing as f64),
        ),
        one(
            "slipway_deployments_stalled",
            "Deployments that are pending or running and were not heard of for stalled_after_seconds.",
            gauge(&[], stalled as f64),
        ),
    ]
}

/// The kinds that occurred, and for the events that matter every outcome.
fn deliveries(statistics: &Statistics) -> Vec<Metric> {
    let mut kinds: Vec<DeliveryCount> = statistics.deliveries.clone();
    for event in github::IMAGE_EVENTS {
        for &outcome in Verdict::ALL {
            let is_it = |kind: &DeliveryCount| {
                kind.source == github::SOURCE && kind.event == event && kind.outcome == outcome
            };
            if !kinds.iter().any(is_it) {
                let (source, event) = (github::SOURCE.to_owned(), event.to_owned());
                kinds.push(DeliveryCount { source, event, outcome, count: 0 });
            }
        }
    }
    let metric = |kind: &DeliveryCount| {
        let labels =
            [("source", kind.source.as_str()), ("event", &kind.event), ("outcome", kind.outcome.as_str())];
        counter(&labels, kind.count as f64)
    };
    kinds.iter().map(metric).collect()
}

fn promotions(statistics: &Statistics, state: State) -> f64 {
    let count = statistics.promotions.iter().find(|(other, _)| *other == state).map(|(_, count)| *count);
    count.unwrap_or_default() as f64
}

fn age(statistics: &Statistics, name: &str) -> f64 {
    let sweep = statistics.sweeps.iter().find(|(other, _)| other == name);
    sweep.map_or(f64::INFINITY, |(_, age)| age.as_secs_f64())
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

fn one(name: &str, help: &str, metric: Metric) -> MetricFamily {
    family(name, help, MetricType::GAUGE, vec![metric])
}

fn gauge(labels: &[(&str, &str)], value: f64) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = labelled(labels);
    metric.set_gauge(gauge);
    metric
}

fn counter(labels: &[(&str, &str)], value: f64) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(value);
    let mut metric = labelled(labels);
    metric.set_counter(counter);
    metric
}

fn histogram(durations: &Durations) -> Metric {
    let bucket = |(bound, count): (&u32, &u64)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(f64::from(*bound));
        bucket.set_cumulative_count(*count);
        bucket
    };
    let mut histogram = Histogram::default();
    histogram.set_bucket(Durations::BOUNDS.iter().zip(&durations.within).map(bucket).collect());
    histogram.set_sample_count(durations.count);
    histogram.set_sample_sum(durations.sum.as_secs_f64());
    let mut metric = labelled(&[]);
    metric.set_histogram(histogram);
    metric
}

fn labelled(labels: &[(&str, &str)]) -> Metric {
    let pair = |(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    };
    Metric::from_label(labels.iter().map(pair).collect())
}
