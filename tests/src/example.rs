//! The GitOps repository that examples and tests begin with.

use std::collections::BTreeMap;

/// Helm values, with what people write into them: comments, an anchor, quotes, odd spacing.
pub const VALUES_PATH: &str = "deploy/values-staging.yaml";
/// A kustomization with two images.
pub const KUSTOMIZATION_PATH: &str = "deploy/kustomization.yaml";

const VALUES: &str = include_str!("../example/values-staging.yaml");
const KUSTOMIZATION: &str = include_str!("../example/kustomization.yaml");

/// Path and text of every file.
pub fn gitops_repository() -> BTreeMap<String, String> {
    [(VALUES_PATH, VALUES), (KUSTOMIZATION_PATH, KUSTOMIZATION)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into()
}
