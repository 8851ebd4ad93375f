//! Which deployment a notification is about, and why.

use ledger::Deployment;

use crate::argo::notification::Notification;
use crate::argo::reference::Reference;

/// Letters of a commit or digest that are shown.
const LETTERS: usize = 19;
/// How many commits and images are told that nothing has.
const TOLD: usize = 5;

/// What a notification and a deployment have in common.
enum Bond<'a> {
    /// The image's name, as far as the deployment has one, and the tag.
    Tag(&'a str),
    /// The image's digest.
    Digest(&'a str),
    /// The commit in the GitOps repository.
    Commit(&'a str),
}

/// The deployment that a notification is about, with the reason; or why it is about none. Of several, those with the
/// same commit come before those with the same digest, and these before those with the same tag; of these the newest is
/// taken. The deployments are those of the notification's service and environment, newest first.
pub(crate) fn find<'a>(
    notification: &Notification,
    deployments: &'a [Deployment],
) -> Result<(&'a Deployment, String), String> {
    let bonds: Vec<_> = deployments
        .iter()
        .filter_map(|deployment| Some((deployment, bond(notification, deployment)?)))
        .collect();
    let place = format!("{} in {}", notification.service, notification.environment);
    let best = bonds.iter().map(|(_, bond)| bond.strength()).max();
    let mut alike = bonds.iter().filter(|(_, bond)| Some(bond.strength()) == best);
    let Some((newest, bond)) = alike.next() else {
        return Err(nothing(notification, deployments.len(), &place));
    };
    let why = match alike.count() {
        0 => format!("the only deployment of {place} that has {bond}"),
        others => format!("the newest of {} deployments of {place} that match; it has {bond}", others + 1),
    };
    Ok((newest, why))
}

fn bond<'a>(notification: &'a Notification, deployment: &Deployment) -> Option<Bond<'a>> {
    let commit = deployment.gitops_commit.as_deref();
    let commits = notification.commits.iter().map(String::as_str);
    let by_commit = commits.filter(|id| commit.is_some_and(|commit| commit.eq_ignore_ascii_case(id)));
    let by_image =
        notification.images.iter().filter_map(|image| image_bond(Reference::split(image), deployment));
    by_commit.map(Bond::Commit).chain(by_image).max_by_key(Bond::strength)
}

fn image_bond<'a>(image: Reference<'a>, deployment: &Deployment) -> Option<Bond<'a>> {
    match (image.digest, deployment.digest.as_deref()) {
        (Some(digest), Some(recorded)) if digest == recorded => return Some(Bond::Digest(digest)),
        // The same tag, moved since.
        (Some(_), Some(_)) => return None,
        _ => {}
    }
    let is_same_name = deployment.image.as_deref().is_none_or(|name| name == image.name);
    image.tag.filter(|tag| is_same_name && *tag == deployment.version).map(Bond::Tag)
}

/// Why a notification is about no deployment.
fn nothing(notification: &Notification, deployments: usize, place: &str) -> String {
    let sought: Vec<&str> =
        notification.commits.iter().chain(&notification.images).map(String::as_str).collect();
    let more = match sought.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let told = sought.get(..TOLD).unwrap_or(&sought).join(", ");
    match (deployments, sought.len()) {
        (0, _) => format!("there is no deployment of {place}"),
        (_, 0) => "the notification names neither a commit nor an image".to_owned(),
        (many, _) => format!("none of the newest {many} deployments of {place} has any of {told}{more}"),
    }
}

impl Bond<'_> {
    /// How much it proves.
    fn strength(&self) -> u8 {
        match self {
            Self::Tag(_) => 0,
            Self::Digest(_) => 1,
            Self::Commit(_) => 2,
        }
    }
}

impl std::fmt::Display for Bond<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |text: &str| text.chars().take(LETTERS).collect::<String>();
        match self {
            Self::Tag(tag) => write!(formatter, "the tag {tag}"),
            Self::Digest(digest) => write!(formatter, "the digest {}", short(digest)),
            Self::Commit(commit) => write!(formatter, "the GitOps commit {}", short(commit)),
        }
    }
}
