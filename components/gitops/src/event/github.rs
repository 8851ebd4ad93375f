//! GitHub's events.
//!
//! <https://docs.github.com/webhooks/webhook-events-and-payloads#registry_package>, and `package` beside it: one push
//! can send both, an App's hook rather the first and a repository's rather the second.

use serde_json::Value;

use super::{Event, ImagePush};
use crate::image::{Digest, ImageName, Tag};

/// The registry that GitHub's container events come from.
const REGISTRY: &str = "ghcr.io";

/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>
const REVISION_LABEL: &str = "org.opencontainers.image.revision";

/// Most characters of a payload's text that are repeated in a reason.
const MAX_QUOTED: usize = 80;

/// How the payload is written into the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The body is the payload.
    Json,
    /// The payload is the form field `payload`.
    Form,
}

impl Encoding {
    /// The encoding that a `Content-Type` names; none if GitHub does not send it.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else {
            None
        }
    }
}

/// Reads a delivery, given its `X-GitHub-Event`, its encoding and its body. Whatever cannot be used is
/// [`Event::Ignored`] with the reason.
pub fn parse(event: &str, encoding: Encoding, body: &[u8]) -> Event {
    understand(event, encoding, body).unwrap_or_else(|reason| Event::Ignored { reason })
}

fn understand(event: &str, encoding: Encoding, body: &[u8]) -> Result<Event, String> {
    if !matches!(event, "ping" | "registry_package" | "package") {
        return Err(format!("the event {} is not one that releases anything", quoted(event)));
    }
    let payload = payload(encoding, body)?;
    match event {
        "ping" => Ok(Event::Ping { zen: text(&payload, "/zen").unwrap_or_default().to_owned() }),
        _ => push(&payload).map(Event::Push),
    }
}

fn payload(encoding: Encoding, body: &[u8]) -> Result<Value, String> {
    let payload = match encoding {
        Encoding::Json => serde_json::from_slice(body),
        Encoding::Form => {
            let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
            let (_, value) = field.ok_or("the form has no field `payload`")?;
            serde_json::from_str(&value)
        }
    };
    payload.map_err(|error| format!("the payload is not JSON: {error}"))
}

fn push(payload: &Value) -> Result<ImagePush, String> {
    let package = ["/registry_package", "/package"]
        .into_iter()
        .find_map(|key| payload.pointer(key).filter(|package| package.is_object()))
        .ok_or("the payload describes no package")?;
    check_action(payload)?;
    check_kind(package)?;
    let version = package
        .get("package_version")
        .filter(|version| version.is_object())
        .ok_or("the payload names no version of the package")?;
    Ok(ImagePush {
        image: image(package, version)?,
        tag: tag(version)?,
        digest: digest(version),
        source_commit: source_commit(version),
    })
}

fn check_action(payload: &Value) -> Result<(), String> {
    match text(payload, "/action") {
        Some("published" | "updated") => Ok(()),
        Some(action) => Err(format!("the action {} is neither `published` nor `updated`", quoted(action))),
        None => Err("the payload names no action".to_owned()),
    }
}

fn check_kind(package: &Value) -> Result<(), String> {
    let kinds = [text(package, "/package_type"), text(package, "/ecosystem")];
    let is_container =
        |kind: &str| kind.eq_ignore_ascii_case("container") || kind.eq_ignore_ascii_case("docker");
    if kinds.into_iter().flatten().any(is_container) {
        return Ok(());
    }
    match kinds.into_iter().flatten().next() {
        Some(kind) => Err(format!("the package is of type {}, not a container image", quoted(kind))),
        None => Err("the payload does not say of which type the package is".to_owned()),
    }
}

/// The image by the address to pull it from, or else by owner and name. The repository's name says nothing: one
/// repository can publish several images.
fn image(package: &Value, version: &Value) -> Result<ImageName, String> {
    text(version, "/package_url")
        .and_then(image_of_url)
        .or_else(|| image_of_owner(package))
        .ok_or_else(|| "the payload names no image that could be pulled".to_owned())
}

/// `ghcr.io/acme/api:1.0`; without a tag the colon stays behind, so that `ghcr.io/acme/api:` is common.
fn image_of_url(url: &str) -> Option<ImageName> {
    let name = url.split_once('@').map_or(url, |(name, _)| name);
    let name = match name.rsplit_once(':') {
        // A colon before the last slash separates a port, not a tag.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    // Without a path this would be a registry alone.
    ImageName::parse(name.to_ascii_lowercase()).ok().filter(|image| image.as_str().contains('/'))
}

fn image_of_owner(package: &Value) -> Option<ImageName> {
    let owner = text(package, "/owner/login")
        // Some events have `owner/repository` here.
        .or_else(|| text(package, "/namespace").and_then(|namespace| namespace.split('/').next()))?;
    let name = text(package, "/name")?;
    ImageName::parse(format!("{REGISTRY}/{owner}/{name}").to_ascii_lowercase()).ok()
}

fn tag(version: &Value) -> Result<Tag, String> {
    let name = text(version, "/container_metadata/tag/name").ok_or(
        "the version has no tag; the parts of an image for several platforms are sent as versions of their own",
    )?;
    Tag::parse(name).map_err(|error| format!("the tag {} cannot be used: {error}", quoted(name)))
}

fn digest(version: &Value) -> Option<Digest> {
    ["/container_metadata/tag/digest", "/container_metadata/manifest/digest", "/version"]
        .into_iter()
        .find_map(|pointer| Digest::parse(text(version, pointer)?).ok())
}

fn source_commit(version: &Value) -> Option<String> {
    let revision =
        version.pointer("/container_metadata/labels/all_labels")?.get(REVISION_LABEL)?.as_str()?.trim();
    // Abbreviated, SHA-1 or SHA-256; the label may hold anything.
    let is_commit_id =
        (7..=64).contains(&revision.len()) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit_id.then(|| revision.to_ascii_lowercase())
}

/// The text at a JSON pointer, if there is one that is not empty.
fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// A foreign text for a sentence: short, in one line, in backquotes.
fn quoted(text: &str) -> String {
    let short: String =
        text.chars().take(MAX_QUOTED).map(|char| if char.is_control() { ' ' } else { char }).collect();
    format!("`{short}`")
}

#[cfg(test)]
mod tests;
