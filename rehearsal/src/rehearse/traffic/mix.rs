//! Which requests users send.

use std::str::FromStr;

use http::Method;
use http::uri::PathAndQuery;

/// A request that users send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// How often it is sent, compared with the others.
    pub parts: u32,
}

/// No such request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a request such as `/`, `/hello=3` or `GET /api/items?limit=5=2`: method, path, and how often"
)]
pub struct MixError(String);

impl FromStr for Call {
    type Err = MixError;

    fn from_str(text: &str) -> Result<Self, MixError> {
        let wrong = || MixError(text.to_owned());
        let (method, rest) = match text.trim().split_once(' ') {
            Some((method, rest)) => (method.parse::<Method>().map_err(|_| wrong())?, rest.trim()),
            None => (Method::GET, text.trim()),
        };
        // A query may have an `=` too: only a number behind the last one is meant.
        let parts = rest.rsplit_once('=').and_then(|(path, parts)| Some((path, parts.parse::<u32>().ok()?)));
        let (path, parts) = match parts {
            Some((path, parts)) => (path, parts),
            None => (rest, 1),
        };
        let valid =
            path.starts_with('/') && path.parse::<PathAndQuery>().is_ok() && (1..=1_000).contains(&parts);
        if valid { Ok(Self { method, path: path.to_owned(), parts }) } else { Err(wrong()) }
    }
}

/// Requests in turn, each as often as its parts say, spread evenly.
#[derive(Clone, Debug)]
pub struct Mix {
    /// Each with what it is ahead or behind.
    calls: Vec<(Call, i64)>,
}

impl Mix {
    /// Of these; of `GET /` if there are none.
    pub fn new(calls: Vec<Call>) -> Self {
        let calls = if calls.is_empty() {
            vec![Call { method: Method::GET, path: "/".to_owned(), parts: 1 }]
        } else {
            calls
        };
        Self { calls: calls.into_iter().map(|call| (call, 0)).collect() }
    }

    /// The next one: the one that is most behind.
    pub fn pick(&mut self) -> Call {
        let all: i64 = self.calls.iter().map(|(call, _)| i64::from(call.parts)).sum();
        for (call, behind) in &mut self.calls {
            *behind += i64::from(call.parts);
        }
        let most = self.calls.iter().enumerate().max_by_key(|(_, (_, behind))| *behind);
        let index = most.map_or(0, |(index, _)| index);
        let (call, behind) = &mut self.calls[index];
        *behind -= all;
        call.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_method_a_path_and_a_number_of_parts() {
        let call =
            |text: &str| text.parse::<Call>().map(|call| (call.method.to_string(), call.path, call.parts));
        assert_eq!(call("/"), Ok(("GET".to_owned(), "/".to_owned(), 1)));
        assert_eq!(call("POST /a=3"), Ok(("POST".to_owned(), "/a".to_owned(), 3)));
        assert_eq!(call("/a?b=c"), Ok(("GET".to_owned(), "/a?b=c".to_owned(), 1)));
        assert_eq!(call("/a?b=1=2"), Ok(("GET".to_owned(), "/a?b=1".to_owned(), 2)));
        for wrong in ["", "a", "http://x/", "/=0", "GE T /", "/a b"] {
            assert!(call(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_is_sent_as_often_as_it_says() {
        let calls = ["/a=3", "/b", "/c=2"].map(|text| text.parse().unwrap());
        let mut mix = Mix::new(calls.to_vec());
        let sent: String = (0..12).map(|_| mix.pick().path[1..].to_owned()).collect();
        let count = |path: char| sent.chars().filter(|letter| *letter == path).count();
        assert_eq!((count('a'), count('b'), count('c')), (6, 2, 4), "{sent}");
        assert!(!sent.contains("aaa"), "{sent}");
    }
}
