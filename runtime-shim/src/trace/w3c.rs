//! Trace context in the headers of a request: <https://www.w3.org/TR/trace-context/>.

use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// <https://www.w3.org/TR/trace-context/#traceparent-header>
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// <https://www.w3.org/TR/trace-context/#tracestate-header>
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Length of a `traceparent` of version 00: `00-<trace id>-<parent id>-<flags>`.
const LENGTH: usize = 55;

/// Most bytes of `tracestate` that are passed on; <https://www.w3.org/TR/trace-context/#tracestate-limits> asks for 512.
const MAX_STATE: usize = 4 * 1024;

/// Most members of a list in `tracestate`, <https://www.w3.org/TR/trace-context/#list>.
const MAX_MEMBERS: usize = 32;

/// Which parts of the context are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// The ids and flags alone, which takes no memory.
    Ids,
    /// `tracestate` as well, to pass it on.
    All,
}

/// The context that a request came with; one that is not valid if it came with none, or with a malformed one.
pub fn read(headers: &HeaderMap, parts: Parts) -> SpanContext {
    let Some((trace, parent, flags)) = only(headers, &TRACEPARENT).and_then(parse) else {
        return SpanContext::NONE;
    };
    let state = if parts == Parts::All { state(headers) } else { TraceState::NONE };
    SpanContext::new(trace, parent, flags, true, state)
}

/// Puts the context in place of the one that is there.
pub fn write(context: &SpanContext, headers: &mut HeaderMap) {
    let sampled = (context.trace_flags() & TraceFlags::SAMPLED).to_u8();
    let parent = format!("00-{}-{}-{sampled:02x}", context.trace_id(), context.span_id());
    if let Ok(value) = HeaderValue::from_str(&parent) {
        headers.insert(TRACEPARENT, value);
    }
    headers.remove(TRACESTATE);
    let state = context.trace_state().header();
    if !state.is_empty()
        && let Ok(value) = HeaderValue::from_str(&state)
    {
        headers.insert(TRACESTATE, value);
    }
}

/// The value of a header that may be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

/// Later versions may append to what version 00 has: <https://www.w3.org/TR/trace-context/#versioning-of-traceparent>.
fn parse(value: &[u8]) -> Option<(TraceId, SpanId, TraceFlags)> {
    let (known, more) = value.split_at_checked(LENGTH)?;
    let [version @ .., b'-'] = &known[..3] else { return None };
    let [trace @ .., b'-'] = &known[3..36] else { return None };
    let [parent @ .., b'-'] = &known[36..53] else { return None };
    let ([version], [flags]) = (bytes(version)?, bytes(&known[53..])?);
    let fits = match version {
        0xff => false,
        0 => more.is_empty(),
        _ => matches!(more, [] | [b'-', ..]),
    };
    let (trace, parent) = (TraceId::from_bytes(bytes(trace)?), SpanId::from_bytes(bytes(parent)?));
    let valid = fits && trace != TraceId::INVALID && parent != SpanId::INVALID;
    valid.then_some((trace, parent, TraceFlags::new(flags) & TraceFlags::SAMPLED))
}

/// Bytes of as many pairs of lower-case hexadecimal digits.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// All lines of `tracestate` as one list; an empty one if they are malformed, which is no fault of `traceparent`.
fn state(headers: &HeaderMap) -> TraceState {
    let lines = headers.get_all(TRACESTATE).iter().map(HeaderValue::to_str);
    let Ok(lines) = lines.collect::<Result<Vec<_>, _>>() else { return TraceState::NONE };
    let list = lines.join(",");
    if list.len() > MAX_STATE || list.split(',').count() > MAX_MEMBERS {
        return TraceState::NONE;
    }
    TraceState::from_str(&list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn context(headers: &[(&'static str, &str)]) -> SpanContext {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        read(&map, Parts::All)
    }

    fn of(traceparent: &str) -> SpanContext {
        context(&[("traceparent", traceparent)])
    }

    #[test]
    fn a_parent_is_read_with_its_ids_and_its_decision() {
        let sampled = of(&format!("00-{TRACE}-{PARENT}-01"));
        assert_eq!(sampled.trace_id().to_string(), TRACE);
        assert_eq!(sampled.span_id().to_string(), PARENT);
        assert!(sampled.is_sampled() && sampled.is_remote());
        assert!(!of(&format!("00-{TRACE}-{PARENT}-00")).is_sampled());
        assert_eq!(of(&format!("00-{TRACE}-{PARENT}-ff")).trace_flags(), TraceFlags::SAMPLED);
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_are_known() {
        assert!(of(&format!("01-{TRACE}-{PARENT}-01")).is_valid());
        assert!(of(&format!("cc-{TRACE}-{PARENT}-01-what-the-future-brings")).is_valid());
        assert!(!of(&format!("cc-{TRACE}-{PARENT}-01.what")).is_valid());
    }

    #[test]
    fn what_is_malformed_is_no_parent() {
        let zeroes = "0".repeat(32);
        for malformed in [
            String::new(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-0"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("00-{TRACE}-{PARENT}-01-00"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("0x-{TRACE}-{PARENT}-01"),
            format!("+1-{TRACE}-{PARENT}-01"),
            format!("00_{TRACE}-{PARENT}-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{zeroes}-{PARENT}-01"),
            format!("00-{TRACE}-{}-01", &zeroes[..16]),
            format!("00-{TRACE}-{PARENT}-0g"),
        ] {
            assert!(!of(&malformed).is_valid(), "{malformed}");
        }
        let parent = format!("00-{TRACE}-{PARENT}-01");
        assert!(!context(&[("traceparent", &parent), ("traceparent", &parent)]).is_valid(), "two parents");
    }

    #[test]
    fn state_is_one_list_over_all_lines() {
        let parent = format!("00-{TRACE}-{PARENT}-01");
        let both = context(&[("traceparent", &parent), ("tracestate", "a=1, b=2"), ("tracestate", "c@d=3")]);
        assert_eq!(both.trace_state().header(), "a=1,b=2,c@d=3");
        let wrong = context(&[("traceparent", &parent), ("tracestate", "A B")]);
        assert!(wrong.is_valid() && wrong.trace_state().header().is_empty(), "the parent stays");
        let many = vec!["a=1"; MAX_MEMBERS + 1].join(",");
        assert_eq!(context(&[("traceparent", &parent), ("tracestate", &many)]).trace_state().header(), "");
    }

    #[test]
    fn what_is_written_is_read_again_and_takes_the_place_of_what_was_there() {
        let parent = format!("00-{TRACE}-{PARENT}-01");
        let context = context(&[("traceparent", &parent), ("tracestate", "a=1")]);
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static("x"));
        headers.append(TRACEPARENT, HeaderValue::from_static("y"));
        headers.append(TRACESTATE, HeaderValue::from_static("old=1"));
        write(&context, &mut headers);
        assert_eq!(headers.len(), 2);
        assert_eq!(
            (&headers[TRACEPARENT], &headers[TRACESTATE]),
            (&parent.parse().unwrap(), &"a=1".parse().unwrap())
        );
        assert_eq!(read(&headers, Parts::Ids).trace_id(), context.trace_id());
    }
}
