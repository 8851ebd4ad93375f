//! <https://docs.github.com/graphql/reference/mutations#createcommitonbranch>

use serde::Deserialize;

use super::Refusal;
use super::schema::{Committed, unknown_repository};
use crate::github::commit::NewCommit;
use crate::github::name::{Oid, RefName, RepositoryName, TreePath};
use crate::github::repository::Repository;
use crate::github::rest::{body, shape};
use crate::github::state::State;
use crate::github::tree::TreeChange;

/// Arguments of the mutation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    input: Input,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Input {
    branch: CommittableBranch,
    expected_head_oid: Oid,
    message: CommitMessage,
    file_changes: Option<FileChanges>,
    client_mutation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CommittableBranch {
    repository_name_with_owner: Option<String>,
    branch_name: Option<String>,
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitMessage {
    headline: String,
    body: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileChanges {
    #[serde(default)]
    additions: Vec<FileAddition>,
    #[serde(default)]
    deletions: Vec<FileDeletion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAddition {
    path: TreePath,
    contents: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDeletion {
    path: TreePath,
}

/// Commits all changes, or none when the branch is not where the caller believes.
pub fn run(state: &State, arguments: Arguments) -> Result<Committed, Refusal> {
    let input = arguments.input;
    let (repository, branch) = input.branch.find(state)?;
    let expected = input.expected_head_oid;
    let stale = || {
        let message =
            format!("Expected branch to point to \"{expected}\" but it did not.  Pull and try again.");
        Refusal::new("STALE_DATA", message)
    };
    match repository.reference(&branch)? {
        None => {
            let message = format!("Could not resolve to a branch with the name '{}'.", branch.short());
            return Err(Refusal::new("NOT_FOUND", message));
        }
        Some(head) if head != expected => return Err(stale()),
        Some(_) => {}
    }
    let changes = input.file_changes.unwrap_or_default().read(&repository, &expected)?;
    let commit = NewCommit {
        tree: repository.write_tree(Some(&expected), &changes)?,
        parents: vec![expected.clone()],
        author: body::token_owner(),
        committer: body::github(),
        message: input.message.text()?,
    };
    let commit = repository.write_commit(&commit)?;
    if !state.advance(&repository, &branch, &expected, &commit)? {
        return Err(stale());
    }
    Ok(Committed { repository, branch, commit, client_mutation_id: input.client_mutation_id })
}

impl CommittableBranch {
    fn find(&self, state: &State) -> Result<(Repository, RefName), Refusal> {
        let (name, branch) = match (&self.repository_name_with_owner, &self.branch_name, &self.id) {
            (Some(name), Some(branch), None) => {
                let repository = name.parse::<RepositoryName>().map_err(|_| unknown_repository(name))?;
                (repository, RefName::branch(branch)?)
            }
            (None, None, Some(id)) => shape::ref_of_id(id).ok_or_else(|| {
                Refusal::new("NOT_FOUND", format!("Could not resolve to a node with the global id of '{id}'"))
            })?,
            _ => {
                let message = "A branch needs either an id, or repositoryNameWithOwner and branchName";
                return Err(Refusal::new("UNPROCESSABLE", message));
            }
        };
        let repository =
            state.repository(name.owner(), name.name()).map_err(|_| unknown_repository(&name.to_string()))?;
        Ok((repository, branch))
    }
}

impl CommitMessage {
    fn text(&self) -> Result<String, Refusal> {
        match (self.headline.trim(), self.body.as_deref().unwrap_or_default().trim()) {
            ("", _) => Err(Refusal::new("UNPROCESSABLE", "A commit message needs a headline")),
            (headline, "") => Ok(headline.to_owned()),
            (headline, body) => Ok(format!("{headline}\n\n{body}")),
        }
    }
}

impl FileChanges {
    fn read(&self, repository: &Repository, head: &Oid) -> Result<Vec<TreeChange>, Refusal> {
        let mut changes = Vec::new();
        for deletion in &self.deletions {
            if repository.entry(head, &deletion.path)?.is_none() {
                let message = format!(
                    "A path was requested for deletion which does not exist as of commit oid `{head}`: {}",
                    deletion.path
                );
                return Err(Refusal::new("UNPROCESSABLE", message));
            }
            changes.push(TreeChange::remove(deletion.path.clone()));
        }
        for addition in &self.additions {
            let contents = body::decode_base64(&addition.contents)?;
            changes.push(TreeChange::write(addition.path.clone(), repository.write_blob(&contents)?));
        }
        Ok(changes)
    }
}
