//! Applications from an OCI registry: pulled, checked, kept, served.

#[path = "registry/application.rs"]
mod application;
#[path = "registry/double.rs"]
mod double;
#[path = "registry/failures.rs"]
mod failures;
#[path = "registry/serving.rs"]
mod serving;
