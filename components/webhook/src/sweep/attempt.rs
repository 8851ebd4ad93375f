//! One attempt at promotions that were claimed together.

use std::time::Duration;

use gitops::event::ImagePush;
use gitops::host::{GitHost, HostError};
use gitops::image::{Digest, ImageName, NameError, Tag};
use gitops::policy::Decision;
use gitops::promote::{MAX_CONFLICTS, Message, Order, PromoteError, Promoted, Record, promote};
use gitops::target::{Branch, Target, Targets};
use ledger::{Announced, Claim, Contest, Outcome, Promotion, Store, StoreError};

use super::backoff::Backoff;

/// After this many attempts that failed for a while, the promotion has failed for good.
const MAX_ATTEMPTS: u32 = 20;

/// How an attempt ends for one promotion.
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

/// What keeps a promotion from its commit.
enum Halt {
    Superseded { tag: String },
    OlderUnderWay,
    Store(StoreError),
}

/// The ledger, as far as it concerns the promotions of one attempt.
struct Ledger<'a, S> {
    store: &'a S,
    claims: &'a [&'a Claim],
}

impl<S: Store> Ledger<'_, S> {
    fn claim(&self, order: usize) -> Result<&Claim, Halt> {
        // There is a claim for every order.
        self.claims.get(order).copied().ok_or(Halt::Store(StoreError::LeaseLost))
    }
}

impl<S: Store> Record for Ledger<'_, S> {
    type Error = Halt;

    /// Makes sure that the promotion is still wanted, still ours, and on record.
    async fn before_commit(&self, order: usize) -> Result<(), Halt> {
        match self.store.announce(self.claim(order)?).await? {
            Announced::Recorded(_) => Ok(()),
            Announced::Superseded { tag } => Err(Halt::Superseded { tag }),
        }
    }

    async fn is_contested(&self, order: usize) -> Result<bool, Halt> {
        match self.store.contest(&self.claim(order)?.promotion).await? {
            Contest::Nobody => Ok(false),
            Contest::Ended => Ok(true),
            // It may be in Git already, under the same value; whoever looks there will say.
            Contest::UnderWay => Err(Halt::OlderUnderWay),
        }
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A promotion that can be tried.
struct Attempt<'a> {
    claim: &'a Claim,
    order: Order<'a>,
}

/// Tries promotions; those that go to one branch share a commit. Gives each one's end, or what the ledger said instead.
pub(super) async fn attempt<'a, S: Store, H: GitHost>(
    store: &S,
    targets: &'a Targets,
    host: &H,
    claims: &'a [Claim],
) -> Vec<(&'a Claim, Result<End, StoreError>)> {
    let mut ends = Vec::with_capacity(claims.len());
    // By what is configured now: the ledger knows only what was configured when they were decided about.
    let mut branches: Vec<(&Branch, Vec<Attempt<'_>>)> = Vec::new();
    for claim in claims {
        match prepare(targets, claim) {
            Err(outcome) => ends.push((claim, Ok(End::Finished(outcome)))),
            Ok(attempt) => {
                let branch = &attempt.order.target.git;
                match branches.iter_mut().find(|(other, _)| *other == branch) {
                    Some((_, attempts)) => attempts.push(attempt),
                    None => branches.push((branch, vec![attempt])),
                }
            }
        }
    }
    for (branch, attempts) in branches {
        ends.extend(on_branch(store, host, branch, attempts).await);
    }
    ends
}

/// Tries promotions of one branch, again at once while the branch moves.
async fn on_branch<'a, S: Store, H: GitHost>(
    store: &S,
    host: &H,
    branch: &Branch,
    mut attempts: Vec<Attempt<'a>>,
) -> Vec<(&'a Claim, Result<End, StoreError>)> {
    let backoff = Backoff::new();
    let mut ends = Vec::with_capacity(attempts.len());
    for round in 1..=MAX_CONFLICTS {
        let (claims, orders): (Vec<_>, Vec<_>) =
            attempts.into_iter().map(|attempt| (attempt.claim, attempt.order)).unzip();
        let results = promote(host, branch, &orders, &Ledger { store, claims: &claims }).await;
        attempts = Vec::new();
        for ((claim, order), result) in claims.into_iter().zip(orders).zip(results) {
            match result {
                Err(PromoteError::Host(HostError::Conflict)) if round < MAX_CONFLICTS => {
                    attempts.push(Attempt { claim, order });
                }
                Ok(promoted) => {
                    ends.push((claim, Ok(End::Finished(outcome(promoted, branch, &order.value)))));
                }
                Err(error) => ends.push((claim, end_of(error, claim.promotion.attempts, &backoff))),
            }
        }
        if attempts.is_empty() {
            break;
        }
    }
    ends
}

/// What is to be done, or why it cannot be.
fn prepare<'a>(targets: &'a Targets, claim: &'a Claim) -> Result<Attempt<'a>, Outcome> {
    let promotion = &claim.promotion;
    if promotion.attempts > MAX_ATTEMPTS {
        // Attempts that end are postponed or finished; these broke off without a word.
        return Err(given_up(promotion.last_error.as_deref().unwrap_or("no attempt came to an end")));
    }
    let (target, value) = resolve(targets, promotion).map_err(|reason| Outcome::Rejected { reason })?;
    let order =
        Order { target, value, message: message(promotion), tried_before: promotion.deployment_id.is_some() };
    Ok(Attempt { claim, order })
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

fn outcome(promoted: Promoted, branch: &Branch, value: &str) -> Outcome {
    match promoted {
        Promoted::Committed(commit) => Outcome::Committed { commit: commit.to_string() },
        Promoted::Unchanged(at) => {
            let Branch { repository, branch } = branch;
            Outcome::Unchanged {
                reason: format!("{repository} holds {value} already, on branch {branch} at {at}"),
            }
        }
    }
}

/// What a failed attempt means for the promotion.
fn end_of(error: PromoteError<Halt>, attempts: u32, backoff: &Backoff) -> Result<End, StoreError> {
    let error = match error {
        PromoteError::BeforeCommit(Halt::Store(error)) => return Err(error),
        PromoteError::BeforeCommit(Halt::Superseded { tag }) => {
            let reason = format!("a newer promotion of the target, of tag {tag}, took its place");
            return Ok(End::Finished(Outcome::Superseded { reason }));
        }
        PromoteError::BeforeCommit(Halt::OlderUnderWay) => {
            return Ok(End::Postponed {
                error: "an older promotion of the target is still under way".to_owned(),
                delay: backoff.delay(1),
                host_asks_to_wait: false,
            });
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
            delay: backoff.delay(attempts).max(*retry_after),
            host_asks_to_wait: true,
        },
        HostError::Conflict | HostError::Unauthorized | HostError::Transient(_) => End::Postponed {
            error: error.to_string(),
            delay: backoff.delay(attempts),
            host_asks_to_wait: false,
        },
    })
}

fn given_up(error: &str) -> Outcome {
    Outcome::Failed { reason: format!("given up after {MAX_ATTEMPTS} attempts: {error}") }
}
