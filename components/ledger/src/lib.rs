//! The ledger: what was deployed, which webhooks came in, and what was decided about them.
//!
//! Everything is reached through the [`Store`] trait. The crate speaks neither HTTP nor to a particular host:
//! a database comes in as a [`sql::Connection`].
//!
//! | noun | meaning |
//! |---|---|
//! | [`Deployment`] | one version of one service in one environment, with a [`Status`] |
//! | [`Event`] | one report of what became of a deployment |
//! | [`Delivery`] | one webhook that was accepted, with every [`Decision`] made about it |
//! | [`Promotion`] | one tag on its way to one target; ends in a commit or a reason |

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]
#![expect(
    async_fn_in_trait,
    reason = "guests are single-threaded wasm, so that futures need no `Send` bound"
)]

mod delivery;
mod deployment;
mod error;
mod event;
pub mod field;
mod listing;
mod migrations;
mod names;
#[cfg(feature = "native")]
pub mod native;
mod page;
mod patience;
mod postgres;
mod promotion;
mod row;
pub mod sql;
mod sqlite;
mod statistics;
mod store;
mod timestamp;

pub use delivery::{Accepted, Decision, Delivery, DeliveryKey, NewDecision, NewDelivery, Verdict};
pub use deployment::{Deployment, DeploymentFilter, NewDeployment, Status};
pub use error::{MigrationError, StoreError};
pub use event::{Event, NewEvent, Reported};
pub use field::FieldError;
pub use names::UnknownName;
pub use page::{Cursor, Listing, Page, PageError};
pub use patience::Patience;
pub use postgres::PostgresStore;
pub use promotion::{
    Announced, Claim, Contest, Gather, NewPromotion, Outcome, Promotion, PromotionFilter, Retry, State,
};
pub use sqlite::SqliteStore;
pub use statistics::{DeliveryCount, Durations, Redeliveries, Statistics};
pub use store::Store;
pub use timestamp::Timestamp;
