//! The one place that names the Spin SDK: our libraries' traits over what Spin offers to a component, so that another
//! major version of the SDK is a change of this crate and of the two `component.rs` files.

mod database;
mod ledger;
mod outbound;
mod variables;

pub use database::Database;
pub use ledger::with_ledger;
pub use outbound::Outbound;
pub use variables::variable;
