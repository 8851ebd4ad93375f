//! One measurement: what came back, and what it means.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Conditions, Phase, Time};

/// What came back from Prometheus.
#[derive(Clone, Debug, PartialEq)]
pub enum Measured {
    /// An instant vector: its values, without their labels. It may be empty.
    Vector(Vec<f64>),
    /// A scalar.
    Scalar(f64),
    /// Nothing: why.
    Error(String),
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measurement {
    /// What it means.
    pub phase: Phase,
    /// What came back: `[0.98,1]`, `0.5`; empty where nothing did.
    pub value: String,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it was asked for.
    pub started_at: Time,
    /// When it was there.
    pub finished_at: Time,
}

impl Measurement {
    /// What `measured` means.
    pub fn new(measured: &Measured, conditions: &Conditions, started_at: Time, finished_at: Time) -> Self {
        let assessed = match measured {
            Measured::Error(message) => Err(message.clone()),
            Measured::Vector(_) | Measured::Scalar(_) => conditions.assess(measured),
        };
        // An error shows no value, as it does in the cluster.
        let (phase, value, message) = match assessed {
            Ok(phase) => (phase, measured.to_string(), String::new()),
            Err(message) => (Phase::Error, String::new(), message),
        };
        Self { phase, value, message, started_at, finished_at }
    }
}

impl fmt::Display for Measured {
    /// As Prometheus writes numbers: no exponents, `NaN`, `+Inf`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(number) => formatter.write_str(&sample(*number)),
            Self::Vector(numbers) => {
                let numbers: Vec<_> = numbers.iter().copied().map(sample).collect();
                write!(formatter, "[{}]", numbers.join(","))
            }
            Self::Error(_) => Ok(()),
        }
    }
}

fn sample(number: f64) -> String {
    if number == f64::INFINITY {
        return "+Inf".to_owned();
    }
    if number == f64::NEG_INFINITY { "-Inf".to_owned() } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_in_the_cluster() {
        let vector = Measured::Vector(vec![0.5, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e21, 1e-7]);
        assert_eq!(vector.to_string(), "[0.5,1,NaN,+Inf,-Inf,1000000000000000000000,0.0000001]");
        assert_eq!(Measured::Vector(Vec::new()).to_string(), "[]");
        assert_eq!(Measured::Scalar(0.25).to_string(), "0.25");
    }
}
