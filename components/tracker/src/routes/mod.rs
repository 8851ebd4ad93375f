//! What the paths do, one file a noun.

pub(crate) mod deliveries;
pub(crate) mod deployments;
pub(crate) mod events;
pub(crate) mod home;
pub(crate) mod promotions;
