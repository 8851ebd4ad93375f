//! Arguments: what a template wants to be told, and what a Rollout tells it.

use serde::{Deserialize, Serialize};

/// An argument that a template declares (`spec.args`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Argument {
    /// Its name, without `args.`.
    pub name: String,
    /// Its value, unless the run is given another.
    pub value: Option<String>,
    /// Where the cluster takes its value from.
    pub value_from: Option<ValueFrom>,
}

/// Where a template's argument comes from, if it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValueFrom {
    /// A key of a Secret. Only a cluster has it.
    pub secret_key_ref: Option<SecretKeyRef>,
    /// A field of the Rollout.
    pub field_ref: Option<FieldRef>,
}

/// A key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKeyRef {
    /// The Secret's name.
    pub name: String,
    /// The key in it.
    pub key: String,
}

/// A field of the Rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldRef {
    /// `metadata.name`, `metadata.labels['app']` or `spec.replicas`.
    pub field_path: String,
}

/// An argument that a Rollout gives to its analysis (`analysis.args`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutArgument {
    /// Its name.
    pub name: String,
    /// Its value; empty if there is neither that nor `valueFrom`.
    #[serde(default)]
    pub value: String,
    /// What its value is taken from; goes before `value`.
    pub value_from: Option<RolloutValueFrom>,
}

/// What a Rollout's argument is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutValueFrom {
    /// The label `rollouts-pod-template-hash` of one of the two versions.
    pub pod_template_hash_value: Option<PodTemplateHash>,
    /// A field of the Rollout.
    pub field_ref: Option<FieldRef>,
}

/// Which version's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PodTemplateHash {
    /// The one that is being released.
    Latest,
    /// The one that was released before.
    Stable,
}
