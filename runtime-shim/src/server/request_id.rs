//! The id that joins an answer, its log lines and the component's log lines: `x-request-id`.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries the id, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken over from a client.
const MAX_LENGTH: usize = 128;

/// Makes the ids of one process differ from those of any other.
static PREFIX: LazyLock<u32> = LazyLock::new(|| {
    let mut bytes = [0; 4];
    // Without a random source the ids are still unique within this process.
    let _ = getrandom::fill(&mut bytes);
    u32::from_ne_bytes(bytes)
});

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The client's id if it is fit for a log, else a new one; the header is set to it.
pub fn assign(headers: &mut HeaderMap) -> Arc<str> {
    if let Some(id) = headers.get(HEADER).and_then(acceptable) {
        return id.into();
    }
    let id = format!("{:08x}{:08x}", *PREFIX, NEXT.fetch_add(1, Ordering::Relaxed));
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HEADER, value);
    }
    id.into()
}

fn acceptable(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    (!text.is_empty() && text.len() <= MAX_LENGTH && text.bytes().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(given: Option<&'static str>) -> (Arc<str>, HeaderMap) {
        let mut headers = HeaderMap::new();
        if let Some(given) = given {
            headers.insert(HEADER, HeaderValue::from_static(given));
        }
        (assign(&mut headers), headers)
    }

    #[test]
    fn an_id_that_came_with_the_request_is_kept() {
        assert_eq!(&*assigned(Some("4bf92f35-77b3")).0, "4bf92f35-77b3");
    }

    #[test]
    fn an_id_that_could_break_a_log_line_is_replaced() {
        let (id, headers) = assigned(Some("x\" level=\"error"));
        assert_eq!(id.len(), 16);
        assert_eq!(headers[HEADER], *id);
    }

    #[test]
    fn ids_differ() {
        assert_ne!(assigned(None).0, assigned(None).0);
    }
}
