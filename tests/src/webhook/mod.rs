//! Webhook deliveries as GitHub sends them.

mod delivery;
mod payload;
mod push;

pub use delivery::Delivery;
pub use push::Push;
