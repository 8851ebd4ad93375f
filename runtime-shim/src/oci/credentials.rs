//! Credentials of registries, from the files that `docker login`, Kubernetes and `spin registry login` write:
//! <https://github.com/docker/cli/blob/master/docs/reference/commandline/login.md> and
//! <https://kubernetes.io/docs/concepts/containers/images/#config-json>.
//!
//! No sentence shows a value of such a file.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;
use serde::Deserialize;

use super::error::PullError;
use super::reference::Reference;

/// Under which Docker Hub is known in such files.
const DOCKER_HUB_KEY: &str = "index.docker.io";

/// Most bytes of such a file.
const MAX_FILE: u64 = 1024 * 1024;

/// User and password of a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// Value of the header `Authorization`: <https://www.rfc-editor.org/rfc/rfc7617>.
    pub fn basic(&self) -> Option<HeaderValue> {
        let encoded = BASE64.encode(format!("{}:{}", self.user, self.password));
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The credentials for `reference`: of `file`, or else of the first of the usual files that has some.
///
/// # Errors
/// If `file` is not there; if a file cannot be read, or has an entry for the registry that cannot be used.
pub fn find(reference: &Reference, file: Option<&Path>) -> Result<Option<Credentials>, PullError> {
    if let Some(file) = file {
        let text = read(file).map_err(|error| unreadable(file, &error))?;
        return parse(&text, file)?.find(reference, file);
    }
    for file in usual_files(|name| env::var_os(name).map(PathBuf::from)) {
        match read(&file) {
            Ok(text) => {
                if let Some(found) = parse(&text, &file)?.find(reference, &file)? {
                    return Ok(Some(found));
                }
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(unreadable(&file, &error)),
        }
    }
    Ok(None)
}

/// Spin's own file, then Docker's. A Kubernetes secret that is mounted as it is, and named by `DOCKER_CONFIG`, holds
/// `.dockerconfigjson`.
fn usual_files(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let home = variable("HOME").filter(|home| home.is_absolute());
    let below_home = |folder: &str| home.as_ref().map(|home| home.join(folder));
    let config = variable("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
    let docker = variable("DOCKER_CONFIG").or_else(|| below_home(".docker"));
    let spin = config.map(|folder| folder.join("fermyon/registry-auth.json"));
    let docker = docker.map(|folder| [folder.join("config.json"), folder.join(".dockerconfigjson")]);
    spin.into_iter().chain(docker.into_iter().flatten()).collect()
}

fn read(file: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    std::fs::File::open(file)?.take(MAX_FILE).read_to_string(&mut text)?;
    Ok(text)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(file: &Path, error: &io::Error) -> PullError {
    PullError::Credentials(format!("the credentials in {} cannot be read: {error}", file.display()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    /// Of Spin: only what Docker has as `auth`.
    Encoded(String),
    Docker(DockerEntry),
}

#[derive(Deserialize)]
struct DockerEntry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
}

fn parse(text: &str, file: &Path) -> Result<Config, PullError> {
    // What the parser has to say could quote the file.
    serde_json::from_str(text).map_err(|error| {
        let (file, line) = (file.display(), error.line());
        PullError::Credentials(format!("{file} is not a config.json as Docker writes it: see line {line}"))
    })
}

impl Config {
    /// Those of the longest name that fits the reference.
    fn find(&self, reference: &Reference, file: &Path) -> Result<Option<Credentials>, PullError> {
        let registry = reference.registry();
        let trouble = |what: &str| {
            PullError::Credentials(format!("the credentials for {registry} in {} {what}", file.display()))
        };
        let fitting = self.auths.iter().filter(|(name, _)| fits(name, reference));
        let entry = fitting.max_by_key(|(name, _)| name.len()).map(|(_, entry)| entry);
        let encoded = match entry {
            Some(Entry::Encoded(encoded)) => Some(encoded),
            Some(Entry::Docker(entry)) => {
                if let (Some(user), Some(password)) = (&entry.username, &entry.password) {
                    return Ok(Some(Credentials { user: user.clone(), password: password.clone() }));
                }
                if entry.identity_token.is_some() {
                    return Err(trouble("are an identity token, which is not supported: use a password"));
                }
                entry.auth.as_ref().filter(|encoded| !encoded.is_empty())
            }
            None => None,
        };
        if let Some(encoded) = encoded {
            return decode(encoded).map(Some).ok_or_else(|| trouble("are not base64 of user:password"));
        }
        let helper =
            self.cred_helpers.iter().find(|(name, _)| fits(name, reference)).map(|(_, helper)| helper);
        // Where there is only a store for everything, it need not have anything for this registry.
        let helper = helper.or(self.creds_store.as_ref().filter(|_| entry.is_some()));
        match helper {
            Some(_) => {
                Err(trouble("are with a credential helper, which is not run: write them under `auths`"))
            }
            None => Ok(None),
        }
    }
}

/// Whether a name in the file, `https://HOST/v1/`, `HOST` or `HOST/PATH`, means the reference.
fn fits(name: &str, reference: &Reference) -> bool {
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    let (host, path) = name.split_once('/').unwrap_or((name, ""));
    let is_host = host == reference.registry()
        || host == reference.host()
        || (reference.registry() == "docker.io" && host == DOCKER_HUB_KEY);
    let path = path.trim_end_matches('/');
    let is_path = matches!(path, "" | "v1" | "v2")
        || reference
            .repository()
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_host && is_path
}

fn decode(encoded: &str) -> Option<Credentials> {
    let text = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    // Docker writes zeros behind some passwords.
    Some(Credentials { user: user.to_owned(), password: password.trim_end_matches('\0').to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &str, reference: &str) -> Result<Option<Credentials>, String> {
        let file = Path::new("config.json");
        let found = parse(config, file).and_then(|config| config.find(&reference.parse().unwrap(), file));
        found.map_err(|error| error.to_string())
    }

    fn user(config: &str, reference: &str) -> Option<String> {
        found(config, reference)
            .unwrap()
            .map(|credentials| format!("{}:{}", credentials.user, credentials.password))
    }

    #[test]
    fn the_entry_with_the_longest_name_that_fits_counts() {
        let auth = |text: &str| BASE64.encode(text);
        let config = format!(
            r#"{{"auths": {{
                "ghcr.io": {{"auth": "{}"}},
                "ghcr.io/acme": {{"username": "acme", "password": "p:w"}},
                "https://index.docker.io/v1/": {{"auth": "{}"}},
                "https://quay.io": "{}"
            }}}}"#,
            auth("all:1"),
            auth("hub:2"),
            auth("spin:3:3"),
        );
        assert_eq!(user(&config, "ghcr.io/other/app:1").as_deref(), Some("all:1"));
        assert_eq!(user(&config, "ghcr.io/acme/app:1").as_deref(), Some("acme:p:w"));
        assert_eq!(user(&config, "ghcr.io/acmeville/app:1").as_deref(), Some("all:1"));
        assert_eq!(user(&config, "acme/app:1").as_deref(), Some("hub:2"));
        assert_eq!(user(&config, "quay.io/acme/app:1").as_deref(), Some("spin:3:3"));
        assert_eq!(user(&config, "evil-ghcr.io/acme/app:1"), None);
    }

    #[test]
    fn what_cannot_be_used_is_told_without_showing_it() {
        let told = |config: &str| found(config, "ghcr.io/acme/app:1").unwrap_err();
        assert!(
            told(r#"{"auths": {"ghcr.io": {"auth": "s3cret!"}}}"#).contains("not base64 of user:password")
        );
        assert!(told(r#"{"auths": {"ghcr.io": {"identitytoken": "s3cret!"}}}"#).contains("identity token"));
        let helper = r#"{"credHelpers": {"ghcr.io": "desktop"}}"#;
        let store = r#"{"auths": {"ghcr.io": {}}, "credsStore": "desktop"}"#;
        for config in [helper, store] {
            assert!(told(config).contains("credential helper"));
        }
        let garbage = told(r#"{"auths": {"ghcr.io": ["s3cret!"]}}"#);
        assert!(garbage.contains("config.json") && !garbage.contains("s3cret"), "{garbage}");
        assert_eq!(found(r#"{"credsStore": "desktop"}"#, "ghcr.io/acme/app:1"), Ok(None));
    }

    #[test]
    fn credentials_are_not_shown_by_debug() {
        let credentials = decode(&BASE64.encode("user:s3cret")).unwrap();
        assert!(!format!("{credentials:?}{:?}", credentials.basic()).contains("s3cret"));
    }

    #[test]
    fn the_usual_files_are_those_of_spin_docker_and_kubernetes() {
        let files = usual_files(|name| (name == "HOME").then(|| "/home/me".into()));
        let expected =
            [".config/fermyon/registry-auth.json", ".docker/config.json", ".docker/.dockerconfigjson"];
        assert_eq!(files, expected.map(|file| Path::new("/home/me").join(file)));
        let files = usual_files(|name| (name == "DOCKER_CONFIG").then(|| "/secret".into()));
        assert_eq!(files, ["/secret/config.json", "/secret/.dockerconfigjson"].map(PathBuf::from));
    }
}
