//! From an image push to a commit: events, policy, YAML edits and Git hosts.
//!
//! Everything but [`host`] and [`promote`] is pure, and those reach the network only through [`http::Http`].
//!
//! | module | question it answers |
//! |---|---|
//! | [`signature`] | did the sender know the secret? |
//! | [`event`] | which image was pushed? |
//! | [`target`] | what is released where? |
//! | [`policy`] | does this push concern that target? |
//! | [`edit`] | what does the file look like afterwards? |
//! | [`host`] | how do files get from and to a Git host? |
//! | [`promote`] | one attempt at all of it |

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]
#![expect(
    async_fn_in_trait,
    reason = "guests are single-threaded wasm, so that futures need no `Send` bound"
)]

pub mod edit;
pub mod event;
pub mod host;
pub mod http;
pub mod image;
pub mod policy;
pub mod promote;
pub mod signature;
pub mod target;
