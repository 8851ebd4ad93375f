//! One metric of a template, as it is written: arguments are not put in yet.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{IntOrString, Prometheus};

/// One metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Time between measurements.
    #[serde(default)]
    pub interval: String,
    /// Time from the start of the run to the first measurement.
    #[serde(default)]
    pub initial_delay: String,
    /// Measurements to take.
    pub count: Option<IntOrString>,
    /// When a measurement is successful.
    #[serde(default)]
    pub success_condition: String,
    /// When a measurement has failed.
    #[serde(default)]
    pub failure_condition: String,
    /// Failed measurements that are borne; -1: any number.
    pub failure_limit: Option<IntOrString>,
    /// Inconclusive measurements that are borne.
    pub inconclusive_limit: Option<IntOrString>,
    /// Errors in a row that are borne.
    pub consecutive_error_limit: Option<IntOrString>,
    /// Successes in a row that are enough.
    pub consecutive_success_limit: Option<IntOrString>,
    /// Who measures.
    pub provider: Provider,
}

/// Who measures. Only Prometheus is known here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Provider {
    /// Prometheus.
    Prometheus(Prometheus),
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let providers = Map::deserialize(deserializer)?;
        let mut providers = providers.into_iter();
        let (Some((name, provider)), None) = (providers.next(), providers.next()) else {
            return Err(D::Error::custom("a metric has exactly one provider"));
        };
        if name != "prometheus" {
            return Err(D::Error::custom(format!(
                "the provider `{name}` is not known here: only prometheus is"
            )));
        }
        read_prometheus(provider).map(Self::Prometheus).map_err(D::Error::custom)
    }
}

/// Names what would otherwise be an unknown field like any other.
fn read_prometheus(provider: Value) -> Result<Prometheus, String> {
    if !provider["rangeQuery"].is_null() {
        return Err("`rangeQuery` is not known here: only instant queries are".to_owned());
    }
    for name in ["oauth2", "sigv4"] {
        if !provider["authentication"][name].is_null() {
            return Err(format!("`authentication.{name}` is not known here: only basicAuth and headers are"));
        }
    }
    Prometheus::deserialize(provider).map_err(|error| format!("prometheus: {error}"))
}
