//! One attempt at one promotion.

use std::time::Duration;

use gitops::event::ImagePush;
use gitops::host::{GitHost, HostError};
use gitops::image::{Digest, ImageName, NameError, Tag};
use gitops::policy::Decision;
use gitops::promote::{MAX_CONFLICTS, Message, Order, PromoteError, Promoted, promote};
use gitops::target::{Target, Targets};
use ledger::{Claim, Outcome, Promotion, Store, StoreError};

use super::backoff;
use super::newer::newer;

/// After this many attempts that failed for a while, the promotion has failed for good.
const MAX_ATTEMPTS: u32 = 20;

/// How an attempt ends.
#[derive(Debug)]
pub(super) enum End {
    /// For good.
    Finished(Outcome),
    /// With another try.
    Postponed {
        /// What went wrong.
        error: String,
        /// When to try again.
        delay: Duration,
        /// Whether every other request to the Git host would have to wait as well.
        host_asks_to_wait: bool,
    },
}

/// What keeps an attempt from its commit.
enum Halt {
    Superseded(Box<Promotion>),
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Tries a promotion.
pub(super) async fn attempt<S: Store, H: GitHost>(
    store: &S,
    targets: &Targets,
    host: &H,
    claim: &Claim,
) -> Result<End, StoreError> {
    let promotion = &claim.promotion;
    if promotion.attempts > MAX_ATTEMPTS {
        // Attempts that end are postponed or finished; these broke off without a word.
        let last = promotion.last_error.as_deref().unwrap_or("no attempt came to an end");
        return Ok(End::Finished(given_up(last)));
    }
    let (target, value) = match resolve(targets, promotion) {
        Ok(resolved) => resolved,
        Err(reason) => return Ok(End::Finished(Outcome::Rejected { reason })),
    };
    let message = message(promotion);
    let order =
        Order { target, value: &value, message: &message, tried_before: promotion.deployment_id.is_some() };
    let before_commit = async || match newer(store, promotion).await? {
        Some(newer) => Err(Halt::Superseded(Box::new(newer))),
        None => Ok(store.announce(claim).await.map(drop)?),
    };
    let mut result = promote(host, &order, before_commit).await;
    for _ in 1..MAX_CONFLICTS {
        if !matches!(result, Err(PromoteError::Host(HostError::Conflict))) {
            break;
        }
        result = promote(host, &order, before_commit).await;
    }
    match result {
        Ok(promoted) => Ok(End::Finished(outcome(promoted, target, &value))),
        Err(error) => end_of(error, promotion.attempts),
    }
}

/// The target as it is configured now, and what it writes. A configuration can have changed since the decision.
fn resolve<'a>(targets: &'a Targets, promotion: &Promotion) -> Result<(&'a Target, String), String> {
    let target = targets
        .with_key(&promotion.target)
        .ok_or_else(|| format!("the target {} is no longer configured", promotion.target))?;
    let push = push(promotion).map_err(|error| format!("the promotion cannot be used: {error}"))?;
    match target.decide(&push) {
        Decision::Promote { value, .. } => Ok((target, value)),
        Decision::Skip { why } => Err(format!("the target has changed since: {why}")),
    }
}

fn push(promotion: &Promotion) -> Result<ImagePush, NameError> {
    let digest = promotion.digest.as_str();
    Ok(ImagePush {
        image: ImageName::parse(promotion.image.as_str())?,
        tag: Tag::parse(promotion.tag.as_str())?,
        digest: if digest.is_empty() { None } else { Some(Digest::parse(digest)?) },
        source_commit: promotion.source_commit.clone(),
    })
}

fn message(promotion: &Promotion) -> Message {
    Message {
        promotion: promotion.id.to_string(),
        image: promotion.image.clone(),
        digest: Some(promotion.digest.clone()).filter(|digest| !digest.is_empty()),
        source_commit: promotion.source_commit.clone(),
    }
}

fn outcome(promoted: Promoted, target: &Target, value: &str) -> Outcome {
    match promoted {
        Promoted::Committed(commit) => Outcome::Committed { commit: commit.to_string() },
        Promoted::Unchanged(at) => {
            let git = &target.git;
            let reason =
                format!("{} holds {value} already, on branch {} at {at}", git.repository, git.branch);
            Outcome::Unchanged { reason }
        }
    }
}

/// What a failed attempt means for the promotion.
fn end_of(error: PromoteError<Halt>, attempts: u32) -> Result<End, StoreError> {
    let error = match error {
        PromoteError::BeforeCommit(Halt::Store(error)) => return Err(error),
        PromoteError::BeforeCommit(Halt::Superseded(newer)) => {
            let reason = format!("a newer promotion of the target, of tag {}, took its place", newer.tag);
            return Ok(End::Finished(Outcome::Superseded { reason }));
        }
        PromoteError::Edit { file, error } => {
            return Ok(End::Finished(Outcome::Rejected { reason: format!("{file}: {error}") }));
        }
        PromoteError::Host(error) => error,
    };
    Ok(match &error {
        HostError::NotFound(_) | HostError::Refused(_) => {
            End::Finished(Outcome::Rejected { reason: error.to_string() })
        }
        _ if attempts >= MAX_ATTEMPTS => End::Finished(given_up(&error.to_string())),
        HostError::RateLimited { retry_after } => End::Postponed {
            error: error.to_string(),
            delay: backoff::delay(attempts).max(*retry_after),
            host_asks_to_wait: true,
        },
        HostError::Conflict | HostError::Unauthorized | HostError::Transient(_) => End::Postponed {
            error: error.to_string(),
            delay: backoff::delay(attempts),
            host_asks_to_wait: false,
        },
    })
}

fn given_up(error: &str) -> Outcome {
    Outcome::Failed { reason: format!("given up after {MAX_ATTEMPTS} attempts: {error}") }
}
