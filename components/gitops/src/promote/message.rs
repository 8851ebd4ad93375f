//! What a commit says about the promotions that it makes.

use super::Order;
use crate::host::CommitMessage;

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

impl Message {
    /// The line by which the promotion's commit is found again.
    pub(super) fn trailer(&self) -> String {
        format!("Slipway-Promotion: {}", clean(&self.promotion))
    }
}

/// The message of a commit that makes all of these orders; at least one.
pub(super) fn commit_message(orders: &[&Order<'_>]) -> CommitMessage {
    match orders {
        [only] => CommitMessage { headline: deploys(only), body: trailers(only).join("\n") },
        _ => message_of_many(orders),
    }
}

/// <https://git-scm.com/docs/git-interpret-trailers>
fn trailers(order: &Order<'_>) -> Vec<String> {
    let message = &order.message;
    let mut trailers = vec![
        message.trailer(),
        format!("Service: {}", clean(&order.target.service)),
        format!("Environment: {}", clean(&order.target.environment)),
        format!("Image: {}", clean(&message.image)),
    ];
    trailers.extend(message.digest.iter().map(|digest| format!("Digest: {}", clean(digest))));
    trailers.extend(message.source_commit.iter().map(|commit| format!("Source-Commit: {}", clean(commit))));
    trailers
}

fn message_of_many(orders: &[&Order<'_>]) -> CommitMessage {
    let first = orders.first().map(|order| deploys(order)).unwrap_or_default();
    let list: Vec<_> = orders.iter().map(|order| item(order)).collect();
    let trailers: Vec<_> = orders.iter().map(|order| order.message.trailer()).collect();
    CommitMessage {
        headline: format!("{first}, and {} more", orders.len().saturating_sub(1)),
        body: format!("{}\n\n{}", list.join("\n"), trailers.join("\n")),
    }
}

/// One line of the list of a commit that makes many.
fn item(order: &Order<'_>) -> String {
    let Message { image, digest, source_commit, .. } = &order.message;
    let digest = digest.as_ref().map(|digest| format!(", {}", clean(digest))).unwrap_or_default();
    let source = source_commit.as_ref().map(|commit| format!(", built from {}", clean(commit)));
    format!("- {}: {}{digest}{}", deploys(order), clean(image), source.unwrap_or_default())
}

fn deploys(order: &Order<'_>) -> String {
    clean(&format!("Deploy {} {} to {}", order.target.service, order.value, order.target.environment))
}

/// One line that mentions nobody: `@` would notify whoever has the name behind it.
fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() || char == '@' { ' ' } else { char }).collect()
}
