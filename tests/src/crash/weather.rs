//! What goes wrong at GitHub, and what colleagues push meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;

use super::chance::{one_of, pause};
use super::targets::{self, TARGETS};
use crate::github::{
    Effect, Fault, GithubDouble, NewCommit, RefName, Repository, RepositoryError, Signature, TreeChange,
    TreePath,
};

/// The mean of the pause between faults.
const FAULTS: Duration = Duration::from_millis(600);
/// So many faults wait for a request at most, or nothing would get through.
const MAX_WAITING: usize = 3;
/// The mean of the pause between pushes of colleagues.
const PUSHES: Duration = Duration::from_millis(2_500);
/// The mutation by which Slipway commits.
const COMMIT: &str = "createCommitOnBranch";

/// Lets things go wrong until this is dropped.
pub(super) async fn storm(github: &GithubDouble, mut rng: Rng) {
    loop {
        sleep(pause(&mut rng, FAULTS)).await;
        if github.waiting_faults() < MAX_WAITING {
            github.fail(fault(&mut rng));
        }
    }
}

/// Any fault that passes: 5xx, both rate limits, slowness, silence, broken connections, conflicts.
fn fault(rng: &mut Rng) -> Fault {
    let seconds = rng.u64(1..=3);
    let effect = match rng.u8(..100) {
        0..20 => Effect::CompetingPush { files: BTreeMap::new() },
        20..38 => Effect::Status { status: *one_of(rng, &[500, 502, 503, 504]) },
        38..46 => Effect::PrimaryRateLimit { reset_after: seconds },
        46..54 => Effect::SecondaryRateLimit { status: *one_of(rng, &[403, 429]), retry_after: seconds },
        54..68 => Effect::Delay { milliseconds: rng.u64(100..3_000) },
        68..70 => Effect::Delay { milliseconds: 12_000 },
        70..72 => Effect::NoAnswer,
        72..84 => Effect::DropBefore,
        _ => Effect::DropAfter,
    };
    let fault = Fault::new(effect);
    // What matters most happens around the commit.
    if rng.u8(..100) < 60 { fault.body(COMMIT) } else { fault }
}

/// Pushes to the very files that Slipway edits, but to other lines, until this is dropped.
pub(super) async fn colleagues(repositories: Vec<Repository>, mut rng: Rng) {
    loop {
        sleep(pause(&mut rng, PUSHES)).await;
        let target = one_of(&mut rng, &TARGETS);
        let replicas = rng.u32(2..100);
        let repository = repositories.iter().find(|it| it.name().to_string() == target.repository);
        let Some(repository) = repository.cloned() else { continue };
        let push = move || push(&repository, target, replicas);
        // One that comes too late is left out: the next will do.
        let _ = tokio::task::spawn_blocking(push).await;
    }
}

/// Changes every number of replicas in the file of a target, unless the branch moves meanwhile.
fn push(repository: &Repository, target: &targets::Target, replicas: u32) -> Result<(), RepositoryError> {
    let (branch, path) = (RefName::branch(target.branch)?, target.file.parse::<TreePath>()?);
    let Some(head) = repository.reference(&branch)? else { return Ok(()) };
    let Some(file) = repository.entry(&head, &path)? else { return Ok(()) };
    let text = String::from_utf8_lossy(&repository.read_blob(&file.oid)?).into_owned();
    let changed: String = text
        .split_inclusive('\n')
        .map(|line| match line.split_once("replicas: ") {
            Some((indent, _)) => format!("{indent}replicas: {replicas}\n"),
            None => line.to_owned(),
        })
        .collect();
    let blob = repository.write_blob(changed.as_bytes())?;
    let author = Signature::now("A colleague", "colleague@example.com");
    let commit = repository.write_commit(&NewCommit {
        tree: repository.write_tree(Some(&head), &[TreeChange::write(path, blob)])?,
        parents: vec![head.clone()],
        committer: author.clone(),
        author,
        message: format!("Scale {} to {replicas}", target.file),
    })?;
    repository.compare_and_swap(&branch, Some(&head), &commit)?;
    Ok(())
}
