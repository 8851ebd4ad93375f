//! One attempt to bring values into Git: read, change, write. Values for one branch go into one commit.

mod draft;
mod message;

pub use message::Message;

use crate::edit::EditError;
use crate::host::{GitHost, HostError, Oid};
use crate::target::{Branch, Target};
use draft::Draft;

/// How often a promotion is tried in one run when the branch moves meanwhile.
pub const MAX_CONFLICTS: u32 = 5;

/// What is to be written where, and why.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Where.
    pub target: &'a Target,
    /// What, as [`Decision::Promote`](crate::policy::Decision::Promote) gives it.
    pub value: String,
    /// Why.
    pub message: Message,
    /// Whether an earlier attempt may have made the commit and nobody heard of it. Then the history is asked first: a
    /// commit that somebody has reverted since must not be made again.
    pub tried_before: bool,
}

/// How an attempt ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promoted {
    /// This commit holds the value, made now or by an earlier attempt.
    Committed(Oid),
    /// The files held the value already, at this commit.
    Unchanged(Oid),
}

/// Why an attempt failed. After [`HostError::Conflict`] it can be made again at once.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError<E> {
    /// The Git host did not do its part.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A file cannot be edited.
    #[error("{file}: {error}")]
    Edit {
        /// Path of the file.
        file: String,
        /// What is wrong.
        error: EditError,
    },
    /// What had to happen before the commit failed.
    #[error("{0}")]
    BeforeCommit(E),
}

/// What the caller knows about its orders, by their place in the list.
pub trait Record {
    /// Why an order is not to be committed.
    type Error;

    /// Runs just before a commit is tried that the order goes into, and only then, so that it is on record first. Where it
    /// fails, the commit is made without the order.
    async fn before_commit(&self, order: usize) -> Result<(), Self::Error>;

    /// Whether another commit may be on its way to the same values. If so, values that are there already are committed all
    /// the same: that moves the branch, so that the other commit is refused.
    async fn is_contested(&self, order: usize) -> Result<bool, Self::Error>;
}

/// Tries orders for one branch once, with at most one commit, and tells how each ended.
pub async fn promote<H: GitHost, R: Record>(
    host: &H,
    branch: &Branch,
    orders: &[Order<'_>],
    record: &R,
) -> Vec<Result<Promoted, PromoteError<R::Error>>> {
    let head = match host.head(&branch.repository, &branch.branch).await {
        Ok(head) => head,
        Err(error) => return orders.iter().map(|_| Err(error.clone().into())).collect(),
    };
    let mut draft = Draft::new(host, branch, &head);
    let mut results = Vec::with_capacity(orders.len());
    for (index, order) in orders.iter().enumerate() {
        let result = prepare(&mut draft, order, index, record).await;
        match result {
            Err(PromoteError::Host(error)) if error.is_general() => {
                // It would meet the others as well. What is not known to have ended is not committed either.
                return end_all(results, orders.len(), &Err(error));
            }
            result => results.push(result.transpose()),
        }
    }
    let included = orders.iter().zip(&results).filter(|(_, result)| result.is_none()).map(|(order, _)| order);
    let included: Vec<_> = included.collect();
    if included.is_empty() {
        return end_all(results, orders.len(), &Ok(head));
    }
    let message = message::commit_message(&included);
    let files = draft.into_files();
    let made = host.commit(&branch.repository, &branch.branch, &head, &files, &message).await;
    end_all(results, orders.len(), &made)
}

/// Brings an order into the draft; tells how it ended if it needs no commit.
async fn prepare<H: GitHost, R: Record>(
    draft: &mut Draft<'_, H>,
    order: &Order<'_>,
    index: usize,
    record: &R,
) -> Result<Option<Promoted>, PromoteError<R::Error>> {
    if order.tried_before
        && let Some(made) = draft.earlier_commit(order).await?
    {
        return Ok(Some(Promoted::Committed(made)));
    }
    let edited = draft.edit(order).await?;
    if !edited.is_changed && !record.is_contested(index).await.map_err(PromoteError::BeforeCommit)? {
        return Ok(Some(Promoted::Unchanged(draft.head().clone())));
    }
    record.before_commit(index).await.map_err(PromoteError::BeforeCommit)?;
    draft.keep(edited.files);
    Ok(None)
}

/// Gives the result of the commit to every order that has none of its own.
fn end_all<E>(
    results: Vec<Option<Result<Promoted, PromoteError<E>>>>,
    orders: usize,
    made: &Result<Oid, HostError>,
) -> Vec<Result<Promoted, PromoteError<E>>> {
    let unknown = orders.saturating_sub(results.len());
    let results = results.into_iter().chain(std::iter::repeat_with(|| None).take(unknown));
    let shared = || made.clone().map(Promoted::Committed).map_err(PromoteError::Host);
    results.map(|result| result.unwrap_or_else(shared)).collect()
}

#[cfg(test)]
mod tests;
