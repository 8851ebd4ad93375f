//! The provider `prometheus` of a metric.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is asked of which Prometheus, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prometheus {
    /// Its URL; empty: where the controller's environment says.
    #[serde(default)]
    pub address: String,
    /// PromQL.
    #[serde(default)]
    pub query: String,
    /// Seconds until an answer must be there; 30 if not said.
    pub timeout: Option<i64>,
    /// Trust any certificate; refused by the judge.
    #[serde(default)]
    pub insecure: bool,
    /// Sent with each query.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// How to prove who asks.
    #[serde(default)]
    pub authentication: Authentication,
}

/// Name and value of a header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub key: String,
    /// Its value, which may be a secret.
    pub value: String,
}

/// How to prove who asks. OAuth 2 and AWS's signatures are not known here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authentication {
    /// By name and password.
    pub basic_auth: Option<BasicAuth>,
}

/// Name and password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Header").field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for BasicAuth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BasicAuth").field("username", &self.username).finish_non_exhaustive()
    }
}
