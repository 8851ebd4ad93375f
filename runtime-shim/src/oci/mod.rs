//! Applications in an OCI registry, as `spin registry push` puts them there, and components by themselves.
//!
//! | module | |
//! |---|---|
//! | `reference` | what names an artifact |
//! | `credentials`, `challenge` | who asks |
//! | `registry`, `body`, `retry` | the requests: bounded in size and time, tried again, checked by digest |
//! | `artifact` | what a manifest leads to |
//! | `store`, `archive` | content on disk, by digest |
//! | `locked` | from Spin's JSON to the table of a `spin.toml` |

mod archive;
mod artifact;
mod body;
mod challenge;
mod credentials;
mod digest;
mod error;
mod locked;
mod pull;
mod reference;
mod registry;
mod retry;
mod store;

pub use error::PullError;
pub use pull::{Access, pull};
pub use reference::{NotAReference, Reference};
