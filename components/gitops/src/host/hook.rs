//! Which webhooks' logs are looked at.

use std::fmt;
use std::str::FromStr;

/// A webhook of a repository or an organisation, by its path in GitHub's API: `repos/OWNER/NAME/hooks/ID` or
/// `orgs/ORG/hooks/ID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hook(String);

/// Why a text is no hook that can be looked after.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// Nothing of the kind.
    #[error("`{0}` is not a webhook, such as repos/acme/api/hooks/12345678 or orgs/acme/hooks/12345678")]
    Malformed(String),
    /// The log of an App is only shown to the App itself, for a JSON Web Token.
    #[error(
        "`{0}` is the webhook of an App, whose log needs the App's own credentials and not a token; \
         name webhooks of repositories or organisations"
    )]
    OfApp(String),
    /// Everything would be sent again twice.
    #[error("`{0}` is listed twice")]
    Twice(Hook),
}

/// Everything that is wrong with a list of hooks; one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookErrors(pub Vec<(usize, HookError)>);

impl Hook {
    /// Reads a list of hooks, one a line. Empty lines do not count.
    ///
    /// # Errors
    /// Everything that is wrong with it, with the number of the line, counted from 1.
    pub fn list(text: &str) -> Result<Vec<Self>, HookErrors> {
        let mut hooks: Vec<Self> = Vec::new();
        let mut errors = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match line.parse::<Self>() {
                Ok(hook) if hooks.iter().any(|other| other.is(&hook)) => {
                    errors.push((index + 1, HookError::Twice(hook)));
                }
                Ok(hook) => hooks.push(hook),
                Err(error) => errors.push((index + 1, error)),
            }
        }
        if errors.is_empty() { Ok(hooks) } else { Err(HookErrors(errors)) }
    }

    /// The path in the API, without a slash at either end. Nothing in it needs encoding.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are the same: the names of GitHub are not case sensitive.
    fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for Hook {
    type Err = HookError;

    fn from_str(text: &str) -> Result<Self, HookError> {
        let path = text.trim().trim_matches('/');
        let parts: Vec<&str> = path.split('/').collect();
        let is_hook = match *parts.as_slice() {
            ["app", ..] => return Err(HookError::OfApp(path.to_owned())),
            ["repos", owner, name, "hooks", id] => is_name(owner) && is_name(name) && is_number(id),
            ["orgs", organisation, "hooks", id] => is_name(organisation) && is_number(id),
            _ => false,
        };
        if is_hook { Ok(Self(path.to_owned())) } else { Err(HookError::Malformed(text.trim().to_owned())) }
    }
}

/// The characters of GitHub's names, and none that lead to another path.
fn is_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.parse::<u64>().is_ok()
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for HookErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (line, error)) in self.0.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(formatter, "{newline}line {line}: {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for HookErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_of_repositories_and_organisations_are_listed_one_a_line() {
        let hooks = Hook::list("\n repos/acme/api.v2/hooks/12 \r\n\n/orgs/acme-1/hooks/345/\n").unwrap();
        let paths: Vec<&str> = hooks.iter().map(Hook::as_str).collect();
        assert_eq!(paths, ["repos/acme/api.v2/hooks/12", "orgs/acme-1/hooks/345"]);
        assert_eq!(Hook::list(" \n"), Ok(Vec::new()));
    }

    #[test]
    fn other_texts_are_no_hooks() {
        for text in [
            "acme/api",
            "12345678",
            "repos/acme/api",
            "repos/acme/api/hooks",
            "repos/acme/api/hooks/x",
            "repos/acme/api/hooks/+1",
            "repos/acme/api/hooks/0",
            "repos/acme/api/hooks/99999999999999999999",
            "repos/acme/hooks/1",
            "repos/acme/../hooks/1",
            "repos//api/hooks/1",
            "repos/acme/a?b/hooks/1",
            "repos/acme/a%2fb/hooks/1",
            "orgs/acme/api/hooks/1",
            "https://api.github.com/orgs/acme/hooks/1",
            "repos/acme/api/hooks/1, orgs/acme/hooks/2",
        ] {
            assert_eq!(text.parse::<Hook>(), Err(HookError::Malformed(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let errors =
            Hook::list("orgs/acme/hooks/1\napp/hook\n\norgs/ACME/hooks/1\nacme").unwrap_err().to_string();
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!(lines.len(), 3, "{errors}");
        assert!(lines[0].starts_with("line 2: `app/hook` is the webhook of an App"), "{errors}");
        assert_eq!(lines[1], "line 4: `orgs/ACME/hooks/1` is listed twice");
        assert!(lines[2].starts_with("line 5: `acme` is not a webhook, such as"), "{errors}");
    }
}
