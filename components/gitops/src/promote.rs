//! One attempt to bring a value into Git: read, change, write.

use crate::edit::{self, EditError};
use crate::host::{CommitMessage, FileText, GitHost, HostError, Oid};
use crate::target::Target;

/// How often a promotion is tried in one run when the branch moves meanwhile.
pub const MAX_CONFLICTS: u32 = 5;

/// What is to be written where, and why.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Where.
    pub target: &'a Target,
    /// What, as [`Decision::Promote`](crate::policy::Decision::Promote) gives it.
    pub value: &'a str,
    /// Why.
    pub message: &'a Message,
    /// Whether an earlier attempt may have made the commit and nobody heard of it. Then the history is asked first: a
    /// commit that somebody has reverted since must not be made again.
    pub tried_before: bool,
}

/// What a commit says about a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The id of the promotion; by it a commit is found again.
    pub promotion: String,
    /// Image name without tag or digest.
    pub image: String,
    /// The digest, where it is known.
    pub digest: Option<String>,
    /// The commit that the image was built from, where it is known.
    pub source_commit: Option<String>,
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

/// Tries once. `before_commit` runs just before the commit is tried, and only when one is needed, so that the caller can
/// record it first.
///
/// # Errors
/// [`PromoteError`]; no commit was made, except as [`GitHost::commit`] says.
pub async fn promote<H: GitHost, E>(
    host: &H,
    order: &Order<'_>,
    before_commit: impl AsyncFnOnce() -> Result<(), E>,
) -> Result<Promoted, PromoteError<E>> {
    let git = &order.target.git;
    let head = host.head(&git.repository, &git.branch).await?;
    if let Some(made) = earlier_commit(host, order, &head).await? {
        return Ok(Promoted::Committed(made));
    }
    let files = changed_files(host, order, &head).await?;
    if files.is_empty() {
        return Ok(Promoted::Unchanged(head));
    }
    before_commit().await.map_err(PromoteError::BeforeCommit)?;
    let made = host.commit(&git.repository, &git.branch, &head, &files, &commit_message(order)).await?;
    Ok(Promoted::Committed(made))
}

async fn earlier_commit<H: GitHost>(
    host: &H,
    order: &Order<'_>,
    head: &Oid,
) -> Result<Option<Oid>, HostError> {
    match order.target.edits.first() {
        Some(edit) if order.tried_before => {
            host.find(&order.target.git.repository, head, &edit.file, &trailer(order.message)).await
        }
        _ => Ok(None),
    }
}

/// The files that differ once all edits are made. Several edits may concern one file.
async fn changed_files<H: GitHost, E>(
    host: &H,
    order: &Order<'_>,
    head: &Oid,
) -> Result<Vec<FileText>, PromoteError<E>> {
    let mut files: Vec<(FileText, bool)> = Vec::new();
    for edit in &order.target.edits {
        let known = files.iter().position(|(file, _)| file.path == edit.file);
        let (mut file, was_changed) = match known {
            Some(index) => files.swap_remove(index),
            None => {
                let text = host.read(&order.target.git.repository, head, &edit.file).await?;
                (FileText { path: edit.file.clone(), text }, false)
            }
        };
        let edited = edit::apply(&file.text, edit, order.value)
            .map_err(|error| PromoteError::Edit { file: edit.file.clone(), error })?;
        file.text = edited.text;
        files.push((file, was_changed || edited.changed));
    }
    Ok(files.into_iter().filter_map(|(file, is_changed)| is_changed.then_some(file)).collect())
}

fn commit_message(order: &Order<'_>) -> CommitMessage {
    let Target { service, environment, .. } = order.target;
    let message = order.message;
    let mut trailers = vec![
        trailer(message),
        format!("Service: {}", clean(service)),
        format!("Environment: {}", clean(environment)),
        format!("Image: {}", clean(&message.image)),
    ];
    trailers.extend(message.digest.iter().map(|digest| format!("Digest: {}", clean(digest))));
    trailers.extend(message.source_commit.iter().map(|commit| format!("Source-Commit: {}", clean(commit))));
    CommitMessage {
        headline: clean(&format!("Deploy {service} {} to {environment}", order.value)),
        body: trailers.join("\n"),
    }
}

/// The line by which a promotion's commit is found again.
fn trailer(message: &Message) -> String {
    format!("Slipway-Promotion: {}", clean(&message.promotion))
}

/// One line that mentions nobody: `@` would notify whoever has the name behind it.
fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() || char == '@' { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests;
