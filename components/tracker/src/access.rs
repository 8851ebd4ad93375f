//! Who may do what: bearer tokens with scopes, kept only as SHA-256.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What a caller must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// See everything.
    Read,
    /// Record deployments; implies `Read`.
    Record,
    /// Everything.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Record, Self::Admin];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Record => "record",
            Self::Admin => "admin",
        }
    }

    fn implies(self, other: Self) -> bool {
        self == other || self == Self::Admin || (self == Self::Record && other == Self::Read)
    }
}

/// The rule that every request is measured by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Open to everybody, for development.
    Open,
    /// Neither opened nor given tokens: nobody may do anything.
    Closed,
    /// Open to the bearers of these tokens.
    Tokens(Vec<Token>),
}

/// One line of the variable `api_tokens`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token {
    name: String,
    scopes: Vec<Scope>,
    sha256: [u8; 32],
}

/// Why a caller may not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("no access is configured: set the variable api_tokens, or open_access to true for development")]
    Closed,
    #[error("a bearer token is required")]
    Missing,
    #[error("the bearer token is not known")]
    Unknown,
    #[error("the bearer token lacks the scope {}", .0.name())]
    Scope(Scope),
}

impl Access {
    /// Reads the variables `open_access` and `api_tokens`.
    ///
    /// # Errors
    /// Every problem, each as a sentence that names the variable and never shows a secret.
    pub(crate) fn parse(open_access: &str, api_tokens: &str) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let open = match open_access.trim() {
            "true" => true,
            "false" | "" => false,
            _ => {
                problems.push("open_access must be true or false".to_owned());
                false
            }
        };
        let tokens = parse_tokens(api_tokens, &mut problems);
        match (problems.is_empty(), open, tokens.is_empty()) {
            (false, ..) => Err(problems),
            (true, true, _) => Ok(Self::Open),
            (true, false, true) => Ok(Self::Closed),
            (true, false, false) => Ok(Self::Tokens(tokens)),
        }
    }

    /// Checks that the caller may do what `scope` says, and tells the name of the token, if one was needed.
    pub(crate) fn check(&self, headers: &HeaderMap, scope: Scope) -> Result<Option<&str>, AccessError> {
        let tokens = match self {
            Self::Open => return Ok(None),
            Self::Closed => return Err(AccessError::Closed),
            Self::Tokens(tokens) => tokens,
        };
        let token =
            known(tokens, bearer(headers).ok_or(AccessError::Missing)?).ok_or(AccessError::Unknown)?;
        if token.scopes.iter().any(|held| held.implies(scope)) {
            Ok(Some(&token.name))
        } else {
            Err(AccessError::Scope(scope))
        }
    }
}

/// The credentials of the scheme `Bearer`, whose name has no case (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

/// Compares with every token to the end, so that the time tells nothing about which one came close.
fn known<'a>(tokens: &'a [Token], presented: &str) -> Option<&'a Token> {
    let presented = Sha256::digest(presented);
    let mut found = None;
    for token in tokens {
        let same: Choice = token.sha256.as_slice().ct_eq(presented.as_slice());
        if same.into() {
            found = Some(token);
        }
    }
    found
}

fn parse_tokens(lines: &str, problems: &mut Vec<String>) -> Vec<Token> {
    let mut names = HashSet::new();
    let mut tokens = Vec::new();
    for (index, line) in lines.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        match line.parse::<Token>() {
            Ok(token) if names.insert(token.name.clone()) => tokens.push(token),
            Ok(_) => problems.push(format!("api_tokens, line {}: the name is used twice", index + 1)),
            Err(problem) => problems.push(format!("api_tokens, line {}: {problem}", index + 1)),
        }
    }
    tokens
}

impl std::str::FromStr for Token {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let [name, scopes, hash] = line.split(':').map(str::trim).collect::<Vec<_>>()[..] else {
            return Err("must be name:scope[+scope]:sha256hex");
        };
        if name.is_empty() {
            return Err("the name is empty");
        }
        let scopes = scopes
            .split('+')
            .map(|name| Scope::ALL.into_iter().find(|scope| scope.name() == name.trim()))
            .collect::<Option<_>>()
            .ok_or("scopes are read, record and admin")?;
        let mut sha256 = [0; 32];
        hex::decode_to_slice(hash, &mut sha256).map_err(|_| "the hash must be a SHA-256 in hexadecimal")?;
        Ok(Self { name: name.to_owned(), scopes, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn line(name: &str, scopes: &str, token: &str) -> String {
        format!("{name}:{scopes}:{}\n", hex::encode(Sha256::digest(token)))
    }

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap())])
    }

    #[test]
    fn open_access_needs_no_token() {
        let access = Access::parse("true", "").unwrap();
        assert_eq!(access.check(&HeaderMap::new(), Scope::Admin), Ok(None));
    }

    #[test]
    fn nothing_configured_is_closed_even_for_bearers() {
        for open in ["", "false"] {
            let access = Access::parse(open, " \n").unwrap();
            assert_eq!(access.check(&headers("Bearer x"), Scope::Read), Err(AccessError::Closed));
        }
    }

    #[test]
    fn scopes_imply_what_lies_below_them() {
        let lines = [line("r", "read", "r1"), line("c", "record", "c1"), line("a", "admin", "a1")].concat();
        let access = Access::parse("", &lines).unwrap();
        let allowed = |token: &str| Scope::ALL.map(|scope| access.check(&headers(token), scope).is_ok());
        assert_eq!(allowed("Bearer r1"), [true, false, false]);
        assert_eq!(allowed("Bearer c1"), [true, true, false]);
        assert_eq!(allowed("bearer a1"), [true, true, true]);
        assert_eq!(
            access.check(&headers("Bearer r1"), Scope::Record),
            Err(AccessError::Scope(Scope::Record))
        );
    }

    #[test]
    fn token_that_is_missing_or_wrong_is_told_apart() {
        let access = Access::parse("false", &line("r", "read", "right")).unwrap();
        assert_eq!(access.check(&HeaderMap::new(), Scope::Read), Err(AccessError::Missing));
        for missing in ["Basic right", "Bearer", "Bearer ", "right"] {
            assert_eq!(access.check(&headers(missing), Scope::Read), Err(AccessError::Missing), "{missing}");
        }
        for wrong in ["Bearer wrong", "Bearer righ", "Bearer right2"] {
            assert_eq!(access.check(&headers(wrong), Scope::Read), Err(AccessError::Unknown), "{wrong}");
        }
    }

    #[test]
    fn hash_itself_is_no_token() {
        let line = line("r", "read", "right");
        let access = Access::parse("", &line).unwrap();
        let hash = line.trim().rsplit(':').next().unwrap();
        assert_eq!(access.check(&headers(&format!("Bearer {hash}")), Scope::Read), Err(AccessError::Unknown));
    }

    #[test]
    fn several_scopes_and_windows_line_ends_are_read() {
        let lines = line("both", "read+record", "t").replace('\n', "\r\n");
        assert_eq!(
            Access::parse("", &lines).unwrap().check(&headers("Bearer t"), Scope::Record),
            Ok(Some("both"))
        );
    }

    #[test]
    fn all_problems_are_told_at_once_without_secrets() {
        let secret = "5ec2e7";
        let lines = format!(
            "ci:record:{secret}\nnonsense\n{}{}:read:00\nx:write:00\n",
            line("twice", "read", "a"),
            line("twice", "read", "b")
        );
        let problems = Access::parse("yes", &lines).unwrap_err();
        assert_eq!(
            problems,
            [
                "open_access must be true or false",
                "api_tokens, line 1: the hash must be a SHA-256 in hexadecimal",
                "api_tokens, line 2: must be name:scope[+scope]:sha256hex",
                "api_tokens, line 4: the name is used twice",
                "api_tokens, line 5: the name is empty",
                "api_tokens, line 6: scopes are read, record and admin",
            ]
        );
        assert!(!problems.concat().contains(secret));
    }
}
