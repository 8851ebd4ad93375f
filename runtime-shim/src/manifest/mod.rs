//! The application's manifest, `spin.toml` in version 2: <https://spinframework.dev/manifest-reference>.
//!
//! Everything that is wrong with a manifest is reported at once, in sentences for the person who writes it. What Spin
//! knows and this host does not (other triggers, remote sources, dependencies) is refused by name; what matters only
//! while building is checked and left out.

mod component;
mod errors;
mod model;
mod names;
mod read;
mod section;
mod select;
mod trigger;

pub use errors::ManifestErrors;
pub(crate) use errors::Problems;
pub use model::{Application, Component, FileMount, HttpTrigger, Manifest, TriggerRoute, Variable};
pub(crate) use read::whole;
pub(crate) use section::Section;
pub use select::UnknownComponents;

#[cfg(test)]
mod tests;
