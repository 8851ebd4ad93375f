//! The types and fields that are played.

use serde::Deserialize;
use serde_json::{Value, json};

use super::execute::Arguments;
use super::{Refusal, commit_on_branch};
use crate::github::commit::Commit;
use crate::github::name::{Oid, RefName};
use crate::github::repository::Repository;
use crate::github::rest::shape::{self, Shape};
use crate::github::state::State;

/// Type of a field that has no fields of its own.
pub const SCALAR: &str = "";

const SCHEMA: &[(&str, &[(&str, &str)])] = &[
    ("Query", &[("repository", "Repository")]),
    ("Mutation", &[("createCommitOnBranch", "CreateCommitOnBranchPayload")]),
    ("CreateCommitOnBranchPayload", &[("clientMutationId", SCALAR), ("commit", "Commit"), ("ref", "Ref")]),
    (
        "Repository",
        &[("name", SCALAR), ("nameWithOwner", SCALAR), ("defaultBranchRef", "Ref"), ("ref", "Ref")],
    ),
    ("Ref", &[("id", SCALAR), ("name", SCALAR), ("prefix", SCALAR), ("target", "GitObject")]),
    ("GitObject", &[("oid", SCALAR), ("abbreviatedOid", SCALAR)]),
    (
        "Commit",
        &[
            ("oid", SCALAR),
            ("abbreviatedOid", SCALAR),
            ("url", SCALAR),
            ("message", SCALAR),
            ("messageHeadline", SCALAR),
            ("messageBody", SCALAR),
            ("committedDate", SCALAR),
        ],
    ),
];

/// Whether fragments may be made on this type.
pub fn is_type(name: &str) -> bool {
    SCHEMA.iter().any(|(known, _)| *known == name)
}

/// Type of a field; none when it is not played.
pub fn field_type(on: &str, field: &str) -> Option<&'static str> {
    if field == "__typename" {
        return Some(SCALAR);
    }
    let (_, fields) = SCHEMA.iter().find(|(known, _)| *known == on)?;
    fields.iter().find(|(known, _)| *known == field).map(|(_, kind)| *kind)
}

/// A value that has fields.
pub enum Object {
    /// What every query starts from.
    Query,
    /// What every mutation starts from.
    Mutation,
    /// A repository.
    Repository(Repository),
    /// A branch or tag.
    Ref(Repository, RefName),
    /// A commit.
    Commit(Repository, Box<Commit>),
    /// What a mutation has done.
    Committed(Committed),
}

/// What `createCommitOnBranch` has done.
pub struct Committed {
    /// Where.
    pub repository: Repository,
    /// On which branch.
    pub branch: RefName,
    /// The new commit.
    pub commit: Oid,
    /// The caller's own mark.
    pub client_mutation_id: Option<String>,
}

/// The value of a field.
pub enum Resolved {
    /// It has no fields.
    Value(Value),
    /// It has fields.
    Object(Object),
}

#[derive(Deserialize)]
struct RepositoryArguments {
    owner: String,
    name: String,
}

#[derive(Deserialize)]
struct RefArguments {
    #[serde(rename = "qualifiedName")]
    qualified_name: String,
}

impl Object {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Repository(_) => "Repository",
            Self::Ref(..) => "Ref",
            Self::Commit(..) => "Commit",
            Self::Committed(_) => "CreateCommitOnBranchPayload",
        }
    }

    /// Whether a fragment on this type applies.
    pub fn is(&self, type_name: &str) -> bool {
        self.type_name() == type_name || (type_name == "GitObject" && matches!(self, Self::Commit(..)))
    }

    /// The value of one of the fields of [`SCHEMA`].
    pub fn resolve(&self, state: &State, field: &str, arguments: &Arguments) -> Result<Resolved, Refusal> {
        if field == "__typename" {
            return Ok(Resolved::Value(json!(self.type_name())));
        }
        match self {
            Self::Query => repository(state, &arguments.read()?),
            Self::Mutation => commit_on_branch::run(state, arguments.read()?)
                .map(|done| Resolved::Object(Self::Committed(done))),
            Self::Repository(repository) => repository_field(repository, field, arguments),
            Self::Ref(repository, name) => ref_field(repository, name, field),
            Self::Commit(repository, commit) => {
                let shape = Shape { base_url: &state.base_url, repository: repository.name() };
                Ok(Resolved::Value(commit_field(&shape, commit, field)))
            }
            Self::Committed(done) => committed_field(done, field),
        }
    }
}

fn repository(state: &State, arguments: &RepositoryArguments) -> Result<Resolved, Refusal> {
    let RepositoryArguments { owner, name } = arguments;
    let repository =
        state.repository(owner, name).map_err(|_| unknown_repository(&format!("{owner}/{name}")))?;
    Ok(Resolved::Object(Object::Repository(repository)))
}

/// GitHub's words for a repository that is not there, or not for this token.
pub fn unknown_repository(name: &str) -> Refusal {
    Refusal::new("NOT_FOUND", format!("Could not resolve to a Repository with the name '{name}'."))
}

fn repository_field(
    repository: &Repository,
    field: &str,
    arguments: &Arguments,
) -> Result<Resolved, Refusal> {
    let name = match field {
        "name" => return Ok(Resolved::Value(json!(repository.name().name()))),
        "nameWithOwner" => return Ok(Resolved::Value(json!(repository.name().to_string()))),
        "defaultBranchRef" => Some(repository.default_branch()?),
        _ => find_ref(repository, &arguments.read::<RefArguments>()?.qualified_name)?,
    };
    match name {
        Some(name) if repository.reference(&name)?.is_some() => {
            Ok(Resolved::Object(Object::Ref(repository.clone(), name)))
        }
        _ => Ok(Resolved::Value(Value::Null)),
    }
}

/// `refs/heads/main`, `heads/main` and plain `main` are all understood.
fn find_ref(repository: &Repository, name: &str) -> Result<Option<RefName>, Refusal> {
    for full in
        [name.to_owned(), format!("refs/{name}"), format!("refs/heads/{name}"), format!("refs/tags/{name}")]
    {
        if let Ok(full) = full.parse()
            && repository.reference(&full)?.is_some()
        {
            return Ok(Some(full));
        }
    }
    Ok(None)
}

fn ref_field(repository: &Repository, name: &RefName, field: &str) -> Result<Resolved, Refusal> {
    let value = match field {
        "id" => json!(shape::ref_id(repository.name(), name)),
        "name" => json!(name.short()),
        "prefix" => json!(name.as_str().strip_suffix(name.short())),
        _ => {
            return Ok(match repository.resolve(name.as_str())? {
                Some(oid) => commit(repository, &oid)?,
                None => Resolved::Value(Value::Null),
            });
        }
    };
    Ok(Resolved::Value(value))
}

fn commit(repository: &Repository, oid: &Oid) -> Result<Resolved, Refusal> {
    let commit = Box::new(repository.commit(oid)?);
    Ok(Resolved::Object(Object::Commit(repository.clone(), commit)))
}

fn commit_field(shape: &Shape<'_>, commit: &Commit, field: &str) -> Value {
    let (headline, body) = commit.message.split_once("\n\n").unwrap_or((&commit.message, ""));
    match field {
        "oid" => json!(commit.oid),
        "abbreviatedOid" => json!(commit.oid.as_str().get(..7)),
        "url" => json!(shape.html_url(&format!("commit/{}", commit.oid))),
        "message" => json!(commit.message),
        "messageHeadline" => json!(headline),
        "messageBody" => json!(body),
        _ => json!(commit.committer.date),
    }
}

fn committed_field(done: &Committed, field: &str) -> Result<Resolved, Refusal> {
    match field {
        "commit" => commit(&done.repository, &done.commit),
        "ref" => Ok(Resolved::Object(Object::Ref(done.repository.clone(), done.branch.clone()))),
        _ => Ok(Resolved::Value(json!(done.client_mutation_id))),
    }
}
