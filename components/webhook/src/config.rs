//! Configuration, read once.

use std::fmt;
use std::time::Duration;

use gitops::host::{ApiUrl, GitHub, Hook};
use gitops::http::Http;
use gitops::signature::Secrets;
use gitops::target::Targets;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use ledger::{Gather, Patience};
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
    /// For how many seconds no new promotion of a branch may have come before it is committed to; 0 when empty, which
    /// gives each promotion a commit of its own.
    pub commit_quiet_seconds: String,
    /// How many seconds a target waits at most for its branch to be quiet; a minute when empty.
    pub commit_max_wait_seconds: String,
    /// Webhooks whose lost deliveries are asked for again, as paths of the API, one a line.
    pub github_hooks: String,
    /// Bearer token of `/internal/*`.
    pub internal_token: String,
    /// Bearer token of the notifications of Argo Rollouts and Argo CD.
    pub argo_webhook_token: String,
    /// After how many seconds without a word a deployment counts as stalled; an hour when empty, never when 0.
    pub stalled_after_seconds: String,
}

/// Everything that the receiver is told from outside.
pub struct Config {
    pub(crate) secrets: Secrets,
    github_token: String,
    internal_token: Option<BearerToken>,
    argo_token: Option<BearerToken>,
    /// A mistake in here must not hide that a signature is wrong, so that it is kept until it matters.
    setup: Result<Setup, Vec<String>>,
}

/// What promotions need.
pub(crate) struct Setup {
    pub(crate) targets: Targets,
    pub(crate) gather: Gather,
    pub(crate) hooks: Vec<Hook>,
    patience: Patience,
    api: ApiUrl,
}

impl Config {
    /// Reads the variables. [`Config::problems`] tells what is wrong with them.
    pub fn from_variables(variables: Variables) -> Self {
        Self {
            setup: Setup::parse(&variables),
            secrets: Secrets::new([
                variables.github_webhook_secret,
                variables.github_webhook_secret_previous,
            ]),
            github_token: variables.github_token,
            internal_token: BearerToken::parse(&variables.internal_token),
            argo_token: BearerToken::parse(&variables.argo_webhook_token),
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

    /// Whether a request carries the token of `/internal/*`.
    pub(crate) fn check_internal(&self, headers: &HeaderMap) -> Result<(), WebhookError> {
        let token = self.internal_token().ok_or(WebhookError::NotFound)?;
        if token.is_in(authorization(headers)) { Ok(()) } else { Err(WebhookError::Token) }
    }

    /// Whether a request carries the token of Argo's notifications.
    pub(crate) fn check_argo(&self, headers: &HeaderMap) -> Result<(), WebhookError> {
        let token = self.argo_token.as_ref().ok_or(WebhookError::ArgoClosed)?;
        if token.is_in(authorization(headers)) { Ok(()) } else { Err(WebhookError::ArgoToken) }
    }

    /// How long a deployment may be silent; what makes no sense is told by [`Config::problems`].
    pub(crate) fn patience(&self) -> Patience {
        self.setup.as_ref().map(|setup| setup.patience).unwrap_or_default()
    }

    /// The token of `/internal/*`, if there is one.
    pub(crate) fn internal_token(&self) -> Option<&BearerToken> {
        self.internal_token.as_ref()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Config").field("problems", &self.problems()).finish_non_exhaustive()
    }
}

impl Setup {
    fn parse(variables: &Variables) -> Result<Self, Vec<String>> {
        let mut problems = Problems::default();
        let targets = Targets::parse(&variables.targets).unwrap_or_else(|errors| {
            problems.extend(errors.0.iter().map(|fault| format!("targets: {fault}")));
            Targets::default()
        });
        let gather = problems.take(gather(variables));
        let hooks = Hook::list(&variables.github_hooks).unwrap_or_else(|errors| {
            problems
                .extend(errors.0.iter().map(|(line, error)| format!("github_hooks: line {line}: {error}")));
            Vec::new()
        });
        let patience = problems.take(Patience::parse(&variables.stalled_after_seconds));
        let api = match variables.github_api_url.trim() {
            "" => ApiUrl::default(),
            url => problems.take(ApiUrl::parse(url).map_err(|error| format!("github_api_url is {error}"))),
        };
        if problems.0.is_empty() {
            Ok(Self { targets, gather, hooks, patience, api })
        } else {
            Err(problems.0)
        }
    }
}

/// Everything that is wrong, so that it is told at once.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    /// The value, or a stand-in that is never used.
    fn take<T: Default>(&mut self, result: Result<T, String>) -> T {
        result.unwrap_or_else(|problem| {
            self.0.push(problem);
            T::default()
        })
    }

    fn extend(&mut self, problems: impl IntoIterator<Item = String>) {
        self.0.extend(problems);
    }
}

/// Longest window, in seconds: who pushes an image wants to see it today.
const LONGEST_WINDOW: u64 = 3600;

fn gather(variables: &Variables) -> Result<Gather, String> {
    let quiet = seconds("commit_quiet_seconds", &variables.commit_quiet_seconds, 0)?;
    let longest = seconds("commit_max_wait_seconds", &variables.commit_max_wait_seconds, 60)?;
    if quiet > longest {
        return Err("commit_max_wait_seconds must be at least commit_quiet_seconds".to_owned());
    }
    Ok(Gather { quiet, longest })
}

fn seconds(name: &str, text: &str, default: u64) -> Result<Duration, String> {
    let seconds = match text.trim() {
        "" => Some(default),
        text => text.parse().ok().filter(|seconds| *seconds <= LONGEST_WINDOW),
    };
    let problem = || format!("{name} must be a whole number of seconds from 0 to {LONGEST_WINDOW}");
    seconds.map(Duration::from_secs).ok_or_else(problem)
}

fn authorization(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(AUTHORIZATION).map(|value| value.as_bytes())
}

/// A bearer token, kept as its hash so that comparing takes the same time for every length.
pub(crate) struct BearerToken([u8; 32]);

impl BearerToken {
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
    fn window_that_makes_no_sense_is_a_problem() {
        let problem = |quiet: &str, longest: &str| {
            let config = Config::from_variables(Variables {
                commit_quiet_seconds: quiet.to_owned(),
                commit_max_wait_seconds: longest.to_owned(),
                ..Variables::default()
            });
            config.problems().concat()
        };
        assert_eq!(problem("5", "30"), "");
        assert_eq!(problem("60", ""), "");
        let at_least = "commit_max_wait_seconds must be at least commit_quiet_seconds";
        assert_eq!(problem("61", ""), at_least);
        for bad in ["-1", "5s", "3601", "1e2"] {
            let range = "must be a whole number of seconds from 0 to 3600";
            assert_eq!(problem(bad, ""), format!("commit_quiet_seconds {range}"));
            assert_eq!(problem("", bad), format!("commit_max_wait_seconds {range}"));
        }
    }

    #[test]
    fn empty_variables_are_no_problem() {
        assert!(Config::from_variables(Variables::default()).problems().is_empty());
    }

    #[test]
    fn bearer_token_is_compared_whole() {
        let token = BearerToken::parse(" abc\n").unwrap();
        for good in ["Bearer abc", "bearer abc", "Bearer  abc "] {
            assert!(token.is_in(Some(good.as_bytes())), "{good}");
        }
        for bad in ["", "abc", "Bearer", "Bearer ", "Bearer ab", "Bearer abcd", "Basic abc", "Bearerabc"] {
            assert!(!token.is_in(Some(bad.as_bytes())), "{bad}");
        }
        assert!(!token.is_in(None));
        assert!(BearerToken::parse(" ").is_none());
    }
}
