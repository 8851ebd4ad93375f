//! Addresses of GitHub's API.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::host::{AttemptId, Cursor, Hook, Oid};

/// What is not encoded in a part of a path: the unreserved characters of
/// [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How many attempts to deliver are asked for at once: the most that GitHub gives.
const DELIVERIES: u32 = 100;

/// Where the REST API begins, e.g. `https://api.github.com` or `https://github.example.com/api/v3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(String);

/// What is wrong with the address of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the address of an API, such as https://api.github.com")]
pub struct UrlError;

impl Default for ApiUrl {
    fn default() -> Self {
        Self("https://api.github.com".to_owned())
    }
}

impl ApiUrl {
    /// Takes an `http` or `https` address without query.
    ///
    /// # Errors
    /// [`UrlError`] when it is none, or holds a user name or a password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let uri: http::Uri = text.trim().parse().map_err(|_| UrlError)?;
        let authority = uri.authority().ok_or(UrlError)?;
        let is_good = matches!(uri.scheme_str(), Some("http" | "https"))
            && !authority.as_str().contains('@')
            && uri.query().is_none();
        if is_good { Ok(Self(text.trim().trim_end_matches('/').to_owned())) } else { Err(UrlError) }
    }

    /// GraphQL lies beside REST: at `/graphql`, and for GitHub Enterprise at `/api/graphql` beside `/api/v3`.
    pub(super) fn graphql(&self) -> String {
        match self.0.strip_suffix("/api/v3") {
            Some(enterprise) => format!("{enterprise}/api/graphql"),
            None => format!("{}/graphql", self.0),
        }
    }

    pub(super) fn reference(&self, repository: &str, branch: &str) -> String {
        self.repository(repository, format_args!("git/ref/heads/{}", segments(branch)))
    }

    pub(super) fn contents(&self, repository: &str, path: &str, at: &Oid) -> String {
        self.repository(repository, format_args!("contents/{}?ref={at}", segments(path)))
    }

    pub(super) fn commits(&self, repository: &str, path: &str, at: &Oid, limit: u32) -> String {
        let path = utf8_percent_encode(path, RESERVED);
        self.repository(repository, format_args!("commits?sha={at}&path={path}&per_page={limit}"))
    }

    pub(super) fn deliveries(&self, hook: &Hook, cursor: Option<&Cursor>) -> String {
        let cursor = cursor.map(|cursor| format!("&cursor={}", utf8_percent_encode(&cursor.0, RESERVED)));
        format!("{}/{hook}/deliveries?per_page={DELIVERIES}{}", self.0, cursor.unwrap_or_default())
    }

    pub(super) fn redelivery(&self, hook: &Hook, attempt: AttemptId) -> String {
        format!("{}/{hook}/deliveries/{attempt}/attempts", self.0)
    }

    fn repository(&self, repository: &str, rest: impl Display) -> String {
        format!("{}/repos/{}/{rest}", self.0, segments(repository))
    }
}

/// Encodes each part between slashes.
fn segments(path: &str) -> String {
    let parts: Vec<_> = path.split('/').map(|part| utf8_percent_encode(part, RESERVED).to_string()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_lies_beside_rest() {
        let graphql = |url: &str| ApiUrl::parse(url).unwrap().graphql();
        assert_eq!(graphql("https://api.github.com"), "https://api.github.com/graphql");
        assert_eq!(graphql("https://api.github.com/"), "https://api.github.com/graphql");
        assert_eq!(graphql("https://git.example.com/api/v3"), "https://git.example.com/api/graphql");
        assert_eq!(graphql("https://git.example.com/api/v3/"), "https://git.example.com/api/graphql");
        assert_eq!(graphql("http://127.0.0.1:4000"), "http://127.0.0.1:4000/graphql");
    }

    #[test]
    fn other_texts_are_no_addresses() {
        for text in [
            "",
            "api.github.com",
            "/api",
            "ftp://x",
            "https://",
            "https://user:pass@x",
            "https://x/?a=b",
            "https://x y",
        ] {
            assert_eq!(ApiUrl::parse(text), Err(UrlError), "{text}");
        }
    }

    #[test]
    fn each_part_of_a_path_is_encoded() {
        let api = ApiUrl::default();
        let oid = Oid::parse(&"0".repeat(40)).unwrap();
        assert_eq!(
            api.reference("acme/gitops", "feature/a#b%c?"),
            "https://api.github.com/repos/acme/gitops/git/ref/heads/feature/a%23b%25c%3F"
        );
        assert_eq!(
            api.contents("acme/gitops", "deploy/ü v.yaml", &oid),
            format!("https://api.github.com/repos/acme/gitops/contents/deploy/%C3%BC%20v.yaml?ref={oid}")
        );
        assert_eq!(
            api.commits("acme/gitops", "a/b&c.yaml", &oid, 5),
            format!(
                "https://api.github.com/repos/acme/gitops/commits?sha={oid}&path=a%2Fb%26c.yaml&per_page=5"
            )
        );
    }
}
