//! Promotions: one tag on its way to one target.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::named_enum;
use crate::{DeliveryKey, NewDeployment, Status, Timestamp};

named_enum! {
    /// Where a promotion stands. `waiting` and `running` are under way, all others are ends.
    pub enum State ("state") {
        Waiting = "waiting" /** Waits for its first or next attempt. */,
        Running = "running" /** Somebody holds its lease and tries. */,
        Committed = "committed" /** Ended in a commit. */,
        Unchanged = "unchanged" /** Git held the value already. */,
        Superseded = "superseded" /** A newer promotion of the target took its place. */,
        Held = "held" /** The target is on hold. */,
        Rejected = "rejected" /** The Git host or a rule said no; trying again would not help. */,
        Failed = "failed" /** Given up after too many attempts. */,
    }
}

/// A promotion that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPromotion {
    /// Key of the target; opaque to the ledger.
    pub target: String,
    /// Key of the branch that it is committed to; opaque to the ledger.
    pub branch: String,
    /// The service that the target deploys.
    pub service: String,
    /// The environment that it deploys to.
    pub environment: String,
    /// Image name without tag or digest.
    pub image: String,
    /// The tag to promote.
    pub tag: String,
    /// The digest, or the empty string when the event named none.
    pub digest: String,
    /// The commit that the image was built from.
    pub source_commit: Option<String>,
}

/// A promotion as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// UUID version 7.
    pub id: Uuid,
    /// Key of the target; opaque to the ledger.
    pub target: String,
    /// Key of the branch that it is committed to, opaque to the ledger; empty for one that an early release made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub branch: String,
    /// The service that the target deploys.
    pub service: String,
    /// The environment that it deploys to.
    pub environment: String,
    /// Image name without tag or digest.
    pub image: String,
    /// The tag to promote.
    pub tag: String,
    /// The digest, or the empty string when the event named none.
    pub digest: String,
    /// The commit that the image was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_commit: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Why it ended, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt that was postponed ran into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it may next be tried: for a running promotion that is the end of its lease. Absent once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The commit it ended in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The deployment that records it, once a commit was about to be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<Uuid>,
    /// The delivery that asked for it first.
    pub delivery: DeliveryKey,
    /// The promotion that somebody asked to try again by this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<Uuid>,
    /// When it was created, by the database's clock.
    pub created_at: Timestamp,
    /// When it last changed, by the database's clock.
    pub updated_at: Timestamp,
}

impl Promotion {
    /// What it is about to deploy.
    pub(crate) fn deployment(&self) -> NewDeployment {
        NewDeployment {
            service_name: self.service.clone(),
            version: self.tag.clone(),
            environment: self.environment.clone(),
            image: Some(self.image.clone()),
            digest: Some(self.digest.clone()).filter(|digest| !digest.is_empty()),
            source_commit: self.source_commit.clone(),
            gitops_commit: None,
        }
    }
}

/// The reason of a promotion that another one, of this tag, superseded.
pub(crate) fn superseded_by(tag: &str) -> String {
    format!("a newer promotion of the target, of tag {tag}, took its place")
}

/// What came of the wish to try a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// It is on record, by this deployment.
    Recorded(Uuid),
    /// It is not to be tried: a newer promotion of the target, of this tag, takes its place.
    Superseded {
        /// The newer one's tag.
        tag: String,
    },
}

/// How it stands with older promotions of a target whose commit may still reach the branch, since nobody knows how an
/// attempt at them went: the worker was lost, or the answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contest {
    /// There is none; once a newer promotion was committed, an older commit is refused.
    Nobody,
    /// All of them have ended, and nobody will look for their commits any more.
    Ended,
    /// One is under way: whoever has it, or takes it over, finds out.
    UnderWay,
}

impl Contest {
    pub(crate) fn read(row: crate::row::Row<'_>) -> Result<Self, crate::StoreError> {
        Ok(match (row.count("under_way")?, row.count("tried")?) {
            (0, 0) => Self::Nobody,
            (0, _) => Self::Ended,
            _ => Self::UnderWay,
        })
    }
}

/// When promotions of one branch go together. The window counts for promotions that were never tried: what is tried again
/// goes by its own time, and takes along what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gather {
    /// How long no new promotion of the branch may have come.
    pub quiet: Duration,
    /// How long a target waits at most, even though newer promotions keep coming.
    pub longest: Duration,
}

/// A worker of a branch that has written nothing down for so long is taken for lost, and others may work beside it: they
/// may meet in a conflict then, which does no harm.
pub(crate) const SILENCE: Duration = Duration::from_secs(10);

/// What became of the wish to try a promotion again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retry {
    /// There is no such promotion.
    Unknown,
    /// It waited for its next attempt, which is due now.
    Hastened(Promotion),
    /// It had come to nothing; this new promotion of the same thing takes its place.
    Created(Promotion),
    /// There is nothing to try again.
    Refused {
        /// Why, in words.
        reason: &'static str,
    },
}

impl Retry {
    /// Why a promotion that neither waits nor may be made anew is not tried again.
    pub(crate) fn refused(promotion: &Promotion) -> Self {
        let reason = match promotion.state {
            State::Waiting | State::Running => "the promotion is being tried right now",
            State::Committed => "the promotion has ended in a commit",
            State::Unchanged => "Git held the value already, so that there is nothing to commit",
            State::Superseded => "a newer promotion of the target took its place",
            State::Held | State::Rejected | State::Failed => "a newer promotion of the target stands",
        };
        Self::Refused { reason }
    }
}

/// The right to try a promotion until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The promotion, already `running`.
    pub promotion: Promotion,
    /// Counts the claims of this promotion. A claim is good only while its number is the latest.
    pub fence: i64,
}

/// The end of a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The commit was made, now or by an earlier attempt.
    Committed {
        /// Its id.
        commit: String,
    },
    /// Git held the value already.
    Unchanged {
        /// Why, in words.
        reason: String,
    },
    /// A newer promotion of the target took its place.
    Superseded {
        /// Why, in words.
        reason: String,
    },
    /// The target is on hold.
    Held {
        /// Why, in words.
        reason: String,
    },
    /// Trying again would not help.
    Rejected {
        /// Why, in words.
        reason: String,
    },
    /// Given up.
    Failed {
        /// Why, in words.
        reason: String,
    },
}

impl Outcome {
    /// The state that the promotion ends in.
    pub fn state(&self) -> State {
        match self {
            Self::Committed { .. } => State::Committed,
            Self::Unchanged { .. } => State::Unchanged,
            Self::Superseded { .. } => State::Superseded,
            Self::Held { .. } => State::Held,
            Self::Rejected { .. } => State::Rejected,
            Self::Failed { .. } => State::Failed,
        }
    }

    /// Why it ended; a commit speaks for itself.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Committed { .. } => None,
            Self::Unchanged { reason }
            | Self::Superseded { reason }
            | Self::Held { reason }
            | Self::Rejected { reason }
            | Self::Failed { reason } => Some(reason),
        }
    }

    /// The commit, where there is one.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Committed { commit } => Some(commit),
            _ => None,
        }
    }

    /// The status that an announced deployment takes; a committed one stays `pending` until it is rolled out.
    ///
    /// A deployment that was announced and then not needed did not fail: another one stands in its place.
    pub(crate) fn deployment_status(&self) -> Status {
        match self {
            Self::Committed { .. } => Status::Pending,
            Self::Unchanged { .. } | Self::Superseded { .. } | Self::Held { .. } => Status::Superseded,
            Self::Rejected { .. } | Self::Failed { .. } => Status::Failed,
        }
    }
}

/// Which promotions to list; an empty filter means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromotionFilter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only this service.
    pub service: Option<String>,
    /// Only this environment.
    pub environment: Option<String>,
}
