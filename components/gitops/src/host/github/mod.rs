//! GitHub, and GitHub Enterprise.

mod answer;
#[cfg(test)]
mod canned;
mod deliveries;
mod graphql;
mod url;

pub use url::{ApiUrl, UrlError};

use bytes::Bytes;
use http::{Method, header};
use serde_json::Value;

use super::{CommitMessage, FileText, GitHost, HostError, Oid};
use crate::http::Http;

/// <https://docs.github.com/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";
/// The media type of the REST API.
const JSON: &str = "application/vnd.github+json";
/// GitHub refuses requests without one.
const USER_AGENT: &str = concat!("slipway/", env!("CARGO_PKG_VERSION"));
/// Largest file that is edited, in bytes. Files that people write by hand are far smaller.
const MAX_FILE: usize = 1024 * 1024;
/// How many commits of a file are searched; also what GitHub gives at most at once.
const SEARCHED_COMMITS: u32 = 100;

/// A client of the API with one token.
pub struct GitHub<H> {
    http: H,
    api: ApiUrl,
    token: String,
}

impl<H: Http> GitHub<H> {
    /// A client that sends `token` to the API at `api`.
    pub fn new(http: H, api: ApiUrl, token: impl Into<String>) -> Self {
        Self { http, api, token: token.into() }
    }

    async fn get(&self, url: String, accept: &str, what: &str) -> Result<Bytes, HostError> {
        let request = http::Request::get(url).header(header::ACCEPT, accept);
        Ok(self.send(request, Bytes::new(), what).await?.into_body())
    }

    async fn get_json(&self, url: String, what: &str) -> Result<Value, HostError> {
        let body = self.get(url, JSON, what).await?;
        json(&body, what)
    }

    /// Sends a request with the headers that all have, and gives a good answer. `what` says for an error what was asked
    /// for.
    async fn send(
        &self,
        request: http::request::Builder,
        body: Bytes,
        what: &str,
    ) -> Result<http::Response<Bytes>, HostError> {
        if self.token.trim().is_empty() {
            return Err(HostError::Unauthorized);
        }
        let mut authorization = header::HeaderValue::try_from(format!("Bearer {}", self.token.trim()))
            .map_err(|_| HostError::Unauthorized)?;
        authorization.set_sensitive(true);
        let request = request
            .header(header::AUTHORIZATION, authorization)
            .header(header::USER_AGENT, USER_AGENT)
            .header("x-github-api-version", API_VERSION)
            .body(body)
            .map_err(|error| HostError::Refused(format!("the request for {what} cannot be made: {error}")))?;
        let answer =
            self.http.send(request).await.map_err(|error| HostError::Transient(error.to_string()))?;
        answer::check(answer, what)
    }
}

impl<H: Http> GitHost for GitHub<H> {
    /// <https://docs.github.com/rest/git/refs#get-a-reference>
    async fn head(&self, repository: &str, branch: &str) -> Result<Oid, HostError> {
        let what = format!("branch {branch} of {repository}");
        let answer = self.get_json(self.api.reference(repository, branch), &what).await?;
        oid(answer.pointer("/object/sha"), &what)
    }

    /// <https://docs.github.com/rest/repos/contents#get-repository-content>, raw: no byte is lost on the way.
    async fn read(&self, repository: &str, at: &Oid, path: &str) -> Result<String, HostError> {
        let what = format!("file {path} of {repository}");
        let url = self.api.contents(repository, path, at);
        let body = self.get(url, "application/vnd.github.raw+json", &what).await?;
        if body.len() > MAX_FILE {
            return Err(HostError::Refused(format!("{what} is larger than {MAX_FILE} bytes")));
        }
        String::from_utf8(body.into()).map_err(|_| HostError::Refused(format!("{what} is not UTF-8")))
    }

    /// <https://docs.github.com/rest/commits/commits#list-commits>
    async fn find(
        &self,
        repository: &str,
        at: &Oid,
        path: &str,
        line: &str,
    ) -> Result<Option<Oid>, HostError> {
        let what = format!("history of {path} of {repository}");
        let answer = self.get_json(self.api.commits(repository, path, at, SEARCHED_COMMITS), &what).await?;
        let commits = answer.as_array().map(Vec::as_slice).unwrap_or_default();
        let has_line = |commit: &&Value| {
            let message = commit.pointer("/commit/message").and_then(Value::as_str).unwrap_or_default();
            message.lines().any(|other| other == line)
        };
        commits.iter().find(has_line).map(|commit| oid(commit.pointer("/sha"), &what)).transpose()
    }

    /// <https://docs.github.com/graphql/reference/mutations#createcommitonbranch>
    async fn commit(
        &self,
        repository: &str,
        branch: &str,
        head: &Oid,
        files: &[FileText],
        message: &CommitMessage,
    ) -> Result<Oid, HostError> {
        let what = format!("branch {branch} of {repository}");
        let body = graphql::create_commit(repository, branch, head, files, message);
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(self.api.graphql())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json");
        let answer = self.send(request, body.to_string().into(), &what).await?;
        graphql::created_commit(&answer, &what)
    }
}

fn json(body: &[u8], what: &str) -> Result<Value, HostError> {
    serde_json::from_slice(body)
        .map_err(|_| HostError::Transient(format!("the answer for {what} is not JSON")))
}

fn oid(value: Option<&Value>, what: &str) -> Result<Oid, HostError> {
    value
        .and_then(Value::as_str)
        .and_then(Oid::parse)
        .ok_or_else(|| HostError::Transient(format!("the answer for {what} names no commit")))
}

#[cfg(test)]
mod tests;
