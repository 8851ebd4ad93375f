//! The mutation `createCommitOnBranch`: several files in one signed commit, only if the branch has not moved.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::{Value, json};

use super::answer::{rate_limited, short};
use crate::host::{CommitMessage, FileText, HostError, Oid};

const CREATE_COMMIT: &str = "mutation($input: CreateCommitOnBranchInput!) { \
     createCommitOnBranch(input: $input) { commit { oid } } }";

/// The body of the request.
pub(super) fn create_commit(
    repository: &str,
    branch: &str,
    head: &Oid,
    files: &[FileText],
    message: &CommitMessage,
) -> Value {
    let additions: Vec<Value> = files
        .iter()
        .map(|file| json!({ "path": file.path, "contents": STANDARD.encode(&file.text) }))
        .collect();
    json!({
        "query": CREATE_COMMIT,
        "variables": { "input": {
            "branch": { "repositoryNameWithOwner": repository, "branchName": branch },
            "expectedHeadOid": head.as_str(),
            "message": { "headline": message.headline, "body": message.body },
            // Without `deletions`: GitHub takes an empty list amiss.
            "fileChanges": { "additions": additions },
        } },
    })
}

/// The id of the new commit, or what the errors mean. GraphQL answers them with status 200.
pub(super) fn created_commit(answer: &Response<Bytes>, what: &str) -> Result<Oid, HostError> {
    let body: Value = serde_json::from_slice(answer.body())
        .map_err(|_| HostError::Transient(format!("the answer for a commit to {what} is not JSON")))?;
    if let Some(error) = body.pointer("/errors/0") {
        return Err(refusal(error, answer.headers(), what));
    }
    super::oid(body.pointer("/data/createCommitOnBranch/commit/oid"), what)
}

fn refusal(error: &Value, headers: &HeaderMap, what: &str) -> HostError {
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "STALE_DATA" => HostError::Conflict,
        "NOT_FOUND" => HostError::NotFound(what.to_owned()),
        "RATE_LIMITED" => rate_limited(headers),
        // With neither type nor code, the error is one that GitHub did not foresee, such as a time-out.
        "INTERNAL" | "SERVICE_UNAVAILABLE" => HostError::Transient(short(text("message"))),
        "" if error.pointer("/extensions/code").is_none() => HostError::Transient(short(text("message"))),
        _ => HostError::Refused(format!("commit to {what}: {}", short(text("message")))),
    }
}
