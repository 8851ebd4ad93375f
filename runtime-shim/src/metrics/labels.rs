//! Values of labels: few, whatever clients send.

use http::{Method, StatusCode};

/// Label for what is not worth, or not safe, a value of its own.
pub const OTHER: &str = "other";

/// Status classes of `http_responses_total`.
pub(super) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The method as a label: a client may send any token as its method.
pub(super) fn method(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT") => {
            known
        }
        _ => OTHER,
    }
}

pub(super) fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_does_not_make_a_series() {
        assert_eq!(method(&Method::from_bytes(b"BREW").unwrap()), OTHER);
    }
}
