//! The one place that names the Spin SDK: our libraries' traits over what Spin offers to a component, so that another
//! major version of the SDK is a change of this crate and of the two `component.rs` files.

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]

mod choice;
mod ledger;
mod outbound;
mod postgres;
mod sqlite;
mod store;
mod variables;

pub use ledger::with_ledger;
pub use outbound::Outbound;
pub use postgres::Postgres;
pub use sqlite::Sqlite;
pub use store::Ledger;
pub use variables::variable;
