//! What a registry wants to see before it answers: <https://distribution.github.io/distribution/spec/auth/token/>.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// A way to prove who asks.
#[derive(Debug, PartialEq, Eq)]
pub enum Challenge {
    /// By user and password.
    Basic,
    /// By a token, which the realm gives.
    Bearer {
        /// URL to ask for the token.
        realm: String,
        /// What the token is for, if the registry says.
        service: Option<String>,
    },
}

impl Challenge {
    /// The one in a 401 that this client can meet; a token goes before a password.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        let found: Vec<Self> = values.filter_map(parse).collect();
        let is_bearer = |challenge: &Self| matches!(challenge, Self::Bearer { .. });
        let bearer = found.iter().position(is_bearer).unwrap_or_default();
        found.into_iter().nth(bearer)
    }
}

fn parse(value: &str) -> Option<Challenge> {
    let (scheme, rest) = value.trim_start().split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut parameters = parameters(rest);
    Some(Challenge::Bearer { realm: parameters.remove("realm")?, service: parameters.remove("service") })
}

/// `name="value",name=value`, see <https://www.rfc-editor.org/rfc/rfc9110#section-11.2>; what is not like this ends them.
fn parameters(mut rest: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    while let Some((name, behind)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_ascii_lowercase();
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => {
                let Some(parts) = unquote(quoted) else { break };
                parts
            }
            None => {
                let end = behind.find(',').unwrap_or(behind.len());
                (behind[..end].trim().to_owned(), &behind[end..])
            }
        };
        parameters.insert(name, value);
        rest = behind;
    }
    parameters
}

/// The text up to the closing quote, and what is behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(values: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, http::HeaderValue::from_static(value));
        }
        Challenge::of(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer { realm: realm.into(), service: service.map(str::to_owned) })
    }

    #[test]
    fn what_registries_send_is_understood() {
        assert_eq!(challenge(&[r#"Basic realm="basic-realm""#]), Some(Challenge::Basic));
        assert_eq!(
            challenge(&[
                r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull""#
            ]),
            bearer("https://ghcr.io/token", Some("ghcr.io"))
        );
        assert_eq!(
            challenge(&[r#"bearer service=x, realm="https://a/\"b,c=d""#]),
            bearer("https://a/\"b,c=d", Some("x"))
        );
        assert_eq!(
            challenge(&["Basic realm=x", r#"Bearer realm="https://a/t""#]),
            bearer("https://a/t", None),
            "a token is preferred"
        );
    }

    #[test]
    fn what_cannot_be_met_is_none() {
        for value in ["", "Negotiate", "Bearer", r#"Bearer service="x""#, r#"Bearer realm="open"#] {
            assert_eq!(challenge(&[value]), None, "{value}");
        }
    }
}
