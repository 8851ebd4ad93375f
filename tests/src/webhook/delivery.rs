//! One delivery: body, headers, signature.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use hyper::Method;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use uuid::Uuid;

use super::push::Push;
use crate::http::{HttpClient, HttpError, HttpResponse};

/// A delivery, ready to be sent, as often as one likes: GitHub keeps the GUID on redelivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    event: String,
    guid: String,
    content_type: &'static str,
    hook: String,
    hook_target: &'static str,
    body: Vec<u8>,
    signatures: Vec<(&'static str, String)>,
}

impl Delivery {
    /// An unsigned delivery with a new GUID and a JSON body.
    pub fn new(event: &str, payload: &Value) -> Self {
        Self::raw(event, payload.to_string().into_bytes())
    }

    /// The event `registry_package` of a push.
    pub fn registry_package(push: &Push) -> Self {
        Self::new("registry_package", &push.registry_package())
    }

    /// The event `package` of a push.
    pub fn package(push: &Push) -> Self {
        Self::new("package", &push.package())
    }

    /// What GitHub sends when a hook is made.
    pub fn ping() -> Self {
        let hook =
            json!({ "type": "Repository", "id": 1, "name": "web", "active": true, "events": ["package"] });
        Self::new("ping", &json!({ "zen": "Keep it logically awesome.", "hook_id": 1, "hook": hook }))
    }

    /// An unsigned delivery of any bytes.
    pub fn raw(event: &str, body: Vec<u8>) -> Self {
        Self {
            event: event.to_owned(),
            guid: Uuid::new_v4().to_string(),
            content_type: "application/json",
            hook: "292430182".to_owned(),
            hook_target: "repository",
            body,
            signatures: Vec::new(),
        }
    }

    /// The same under this GUID.
    #[must_use]
    pub fn with_guid(mut self, guid: &str) -> Self {
        self.guid = guid.to_owned();
        self
    }

    /// The same as the hook with this id sends it; the hook belongs to a `repository` or an `organization`.
    #[must_use]
    pub fn of_hook(mut self, id: u64, target: &'static str) -> Self {
        self.hook = id.to_string();
        self.hook_target = target;
        self
    }

    /// The same as a form with the field `payload`, the other content type of GitHub's hooks. Sign it afterwards.
    #[must_use]
    pub fn as_form(mut self) -> Self {
        let payload = String::from_utf8_lossy(&self.body).into_owned();
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
        self.body = form.into_bytes();
        self.content_type = "application/x-www-form-urlencoded";
        self
    }

    /// The same signed as GitHub signs: SHA-256, and the older SHA-1 beside it.
    #[must_use]
    pub fn signed(mut self, secret: &str) -> Self {
        self.signatures =
            vec![("x-hub-signature", self.sha1(secret)), ("x-hub-signature-256", self.sha256(secret))];
        self
    }

    /// The same with the right SHA-1 signature only.
    #[must_use]
    pub fn signed_with_sha1(mut self, secret: &str) -> Self {
        self.signatures = vec![("x-hub-signature", self.sha1(secret))];
        self
    }

    /// The same with this text as `X-Hub-Signature-256`.
    #[must_use]
    pub fn with_signature(mut self, signature: &str) -> Self {
        self.signatures = vec![("x-hub-signature-256", signature.to_owned())];
        self
    }

    fn sha256(&self, secret: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(&self.body);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    fn sha1(&self, secret: &str) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(&self.body);
        format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
    }

    /// The event, `X-GitHub-Event`.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The GUID, `X-GitHub-Delivery`.
    pub fn guid(&self) -> &str {
        &self.guid
    }

    /// The body as it is sent.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// All headers, signatures included.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let mut headers = vec![
            ("accept", "*/*"),
            ("content-type", self.content_type),
            ("user-agent", "GitHub-Hookshot/044aadd"),
            ("x-github-event", &self.event),
            ("x-github-delivery", &self.guid),
            ("x-github-hook-id", &self.hook),
            ("x-github-hook-installation-target-id", "79929171"),
            ("x-github-hook-installation-target-type", self.hook_target),
        ];
        headers.extend(self.signatures.iter().map(|(name, value)| (*name, value.as_str())));
        headers
    }

    /// Sends it.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, client: &HttpClient, url: &str) -> Result<HttpResponse, HttpError> {
        client.send(Method::POST, url, &self.headers(), Bytes::from(self.body.clone())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>.
    #[test]
    fn signature_is_the_one_of_githubs_example() {
        let delivery = Delivery::raw("ping", b"Hello, World!".to_vec()).signed("It's a Secret to Everybody");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(delivery.headers().contains(&("x-hub-signature-256", expected)));
    }

    #[test]
    fn form_holds_the_payload_and_is_signed_as_a_whole() {
        let delivery = Delivery::ping().as_form().signed("s");
        let (name, payload) = form_urlencoded::parse(delivery.body()).next().expect("one field");
        assert_eq!(name, "payload");
        let payload: Value = serde_json::from_str(&payload).expect("JSON");
        assert_eq!(payload["hook_id"], 1);
        assert_ne!(delivery.headers(), Delivery::ping().signed("s").headers());
    }

    #[test]
    fn both_events_of_a_push_tell_the_same() {
        let push = Push::new("ghcr.io/acme/api", "1.4.2").expect("image").built_from("abc");
        let (one, other) = (push.registry_package(), push.package());
        assert_eq!(one["registry_package"], other["package"]);
        assert_eq!(one["registry_package"]["package_version"]["package_url"], "ghcr.io/acme/api:1.4.2");
    }

    #[test]
    fn event_of_one_platform_has_an_empty_tag() {
        let push = Push::new("ghcr.io/acme/api", "1.4.2").expect("image").of_one_platform("arm64");
        let version = &push.package()["package"]["package_version"];
        assert_eq!(version["container_metadata"]["tag"]["name"], "");
        assert_eq!(version["package_url"], "ghcr.io/acme/api:");
    }
}
