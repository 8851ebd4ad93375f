//! Deliveries: webhooks that were accepted, and what was decided about each.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::named_enum;
use crate::{NewPromotion, Timestamp};

named_enum! {
    /// What became of a delivery for one target, or, in [`Delivery::outcome`], of the delivery as a whole.
    pub enum Verdict ("verdict") {
        Ignored = "ignored" /** Nothing to do: the event or the tag does not concern the target. */,
        Refused = "refused" /** It concerns the target and may not be used. */,
        Joined = "joined" /** A promotion of the same image to the same target was already under way. */,
        Created = "created" /** A new promotion was made. */,
    }
}

/// One decision about a delivery, as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Key of the target; absent when the delivery as a whole was decided about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// The promotion that was created or joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<Uuid>,
}

/// One decision about a delivery, before it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewDecision {
    /// A promotion is wanted; the store creates it or joins the one that is under way.
    Promote {
        /// What to promote.
        promotion: NewPromotion,
        /// Why, in words.
        reason: String,
    },
    /// The delivery does not concern the target (or, without one, any target).
    Ignore {
        /// Key of the target.
        target: Option<String>,
        /// Why, in words.
        reason: String,
    },
    /// The delivery concerns the target and may not be used.
    Refuse {
        /// Key of the target.
        target: Option<String>,
        /// Why, in words.
        reason: String,
    },
}

/// What tells one delivery from another; a redelivery has the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeliveryKey {
    /// The receiver that took it, e.g. `github`; never holds a `/`.
    pub source: String,
    /// The sender's own id.
    pub id: String,
}

/// A webhook whose sender was verified, with everything that was decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Source and id.
    pub key: DeliveryKey,
    /// The sender's name for the event, e.g. `registry_package`.
    pub event: String,
    /// One decision a target, or one without a target.
    pub decisions: Vec<NewDecision>,
}

/// A delivery as it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Source and id.
    #[serde(flatten)]
    pub key: DeliveryKey,
    /// The sender's name for the event.
    pub event: String,
    /// The weightiest verdict among the decisions; `ignored` when there are none.
    pub outcome: Verdict,
    /// Everything that was decided.
    pub decisions: Vec<Decision>,
    /// When it was stored, by the database's clock.
    pub received_at: Timestamp,
}

/// What [`Store::accept`](crate::Store::accept) did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The delivery was new; these decisions are now stored.
    Stored(Vec<Decision>),
    /// The delivery was stored before, with these decisions; nothing was changed.
    Repeated(Vec<Decision>),
}

impl Accepted {
    /// The stored decisions, whether made now or before.
    pub fn decisions(&self) -> &[Decision] {
        match self {
            Self::Stored(decisions) | Self::Repeated(decisions) => decisions,
        }
    }
}
