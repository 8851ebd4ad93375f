//! Configuration, read once.

use std::fmt;

use gitops::host::{ApiUrl, GitHub};
use gitops::http::Http;
use gitops::signature::Secrets;
use gitops::target::Targets;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::WebhookError;

/// The variables of the same names; one that is not set is empty.
#[derive(Clone, Default)]
pub struct Variables {
    /// Secret that GitHub signs deliveries with.
    pub github_webhook_secret: String,
    /// The secret before, while it is rotated.
    pub github_webhook_secret_previous: String,
    /// Token that commits are made with.
    pub github_token: String,
    /// Where GitHub's API is; `https://api.github.com` when empty.
    pub github_api_url: String,
    /// What is released where, as TOML.
    pub targets: String,
    /// Bearer token of `/internal/*`.
    pub internal_token: String,
}

/// Everything that the receiver is told from outside.
pub struct Config {
    pub(crate) secrets: Secrets,
    github_token: String,
    internal_token: Option<InternalToken>,
    /// A mistake in here must not hide that a signature is wrong, so that it is kept until it matters.
    setup: Result<Setup, Vec<String>>,
}

/// What promotions need.
pub(crate) struct Setup {
    pub(crate) targets: Targets,
    api: ApiUrl,
}

impl Config {
    /// Reads the variables. [`Config::problems`] tells what is wrong with them.
    pub fn from_variables(variables: Variables) -> Self {
        Self {
            setup: Setup::parse(&variables.targets, &variables.github_api_url),
            secrets: Secrets::new([
                variables.github_webhook_secret,
                variables.github_webhook_secret_previous,
            ]),
            github_token: variables.github_token,
            internal_token: InternalToken::parse(&variables.internal_token),
        }
    }

    /// Everything that is wrong, each as one sentence that names its variable and shows no secret.
    pub fn problems(&self) -> &[String] {
        self.setup.as_ref().err().map(Vec::as_slice).unwrap_or_default()
    }

    /// A client of the Git host that the variables name.
    pub fn git_host<H: Http>(&self, http: H) -> GitHub<H> {
        // Without a good address nothing is ever sent: every use of the host asks for the setup first.
        let api = self.setup.as_ref().map(|setup| setup.api.clone()).unwrap_or_default();
        GitHub::new(http, api, self.github_token.as_str())
    }

    /// What promotions need, if it can be used.
    pub(crate) fn setup(&self) -> Result<&Setup, WebhookError> {
        self.setup.as_ref().map_err(|problems| WebhookError::Misconfigured { problems: problems.join("; ") })
    }

    /// The token of `/internal/*`, if there is one.
    pub(crate) fn internal_token(&self) -> Option<&InternalToken> {
        self.internal_token.as_ref()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Config").field("problems", &self.problems()).finish_non_exhaustive()
    }
}

impl Setup {
    fn parse(targets: &str, api: &str) -> Result<Self, Vec<String>> {
        let targets = Targets::parse(targets);
        let api = if api.trim().is_empty() { Ok(ApiUrl::default()) } else { ApiUrl::parse(api) };
        match (targets, api) {
            (Ok(targets), Ok(api)) => Ok(Self { targets, api }),
            (targets, api) => {
                let faults = targets.err().map(|errors| errors.0).unwrap_or_default();
                let mut problems: Vec<_> = faults.iter().map(|fault| format!("targets: {fault}")).collect();
                problems.extend(api.err().map(|error| format!("github_api_url is {error}")));
                Err(problems)
            }
        }
    }
}

/// A bearer token, kept as its hash so that comparing takes the same time for every length.
pub(crate) struct InternalToken([u8; 32]);

impl InternalToken {
    fn parse(token: &str) -> Option<Self> {
        let token = token.trim();
        (!token.is_empty()).then(|| Self(Sha256::digest(token).into()))
    }

    /// Whether the value of an `Authorization` header carries the token.
    pub(crate) fn is_in(&self, authorization: Option<&[u8]>) -> bool {
        let Some((scheme, token)) = authorization.and_then(|value| value.split_at_checked(b"Bearer ".len()))
        else {
            return false;
        };
        let hash: [u8; 32] = Sha256::digest(token.trim_ascii()).into();
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(hash.ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let config = Config::from_variables(Variables {
            targets: "x = 1\n[[target]]\n".to_owned(),
            github_api_url: "api.github.com".to_owned(),
            github_token: "secret".to_owned(),
            ..Variables::default()
        });
        assert_eq!(config.problems()[0], "targets: line 1: `x` is unknown; the keys here are target");
        assert!(config.problems().len() > 3);
        let last = config.problems().last().unwrap();
        assert_eq!(last, "github_api_url is not the address of an API, such as https://api.github.com");
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn empty_variables_are_no_problem() {
        assert!(Config::from_variables(Variables::default()).problems().is_empty());
    }

    #[test]
    fn internal_token_is_compared_whole() {
        let token = InternalToken::parse(" abc\n").unwrap();
        for good in ["Bearer abc", "bearer abc", "Bearer  abc "] {
            assert!(token.is_in(Some(good.as_bytes())), "{good}");
        }
        for bad in ["", "abc", "Bearer", "Bearer ", "Bearer ab", "Bearer abcd", "Basic abc", "Bearerabc"] {
            assert!(!token.is_in(Some(bad.as_bytes())), "{bad}");
        }
        assert!(!token.is_in(None));
        assert!(InternalToken::parse(" ").is_none());
    }
}
