//! In which format metrics are answered: <https://prometheus.io/docs/instrumenting/content_negotiation/>.

use http::HeaderMap;
use http::header::ACCEPT;

/// A format of `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format, which everybody reads.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// A media range of `Accept`, <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1>.
struct Range<'a> {
    kind: &'a str,
    version: Option<&'a str>,
    weight: f32,
}

/// How welcome a format is: by its weight, and then by how exactly it was named.
type Welcome = (f32, u8);

impl Format {
    /// The format that a request prefers; the text format if it does not say.
    pub fn preferred(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<Range<'_>> =
            lines.flat_map(|line| line.split(',')).filter_map(Range::parse).collect();
        if Self::OpenMetrics.welcome(&ranges) > Self::Text.welcome(&ranges) {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    /// What to answer as `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The most exact range counts, and of several that are as exact the one with most weight. With no weight, a format is
    /// as unwelcome as one that is not named at all.
    fn welcome(self, ranges: &[Range<'_>]) -> Welcome {
        let named = ranges.iter().filter_map(|range| Some((range.names(self)?, range.weight)));
        let best = named.max_by(|(one, weight), (other, more)| one.cmp(other).then(weight.total_cmp(more)));
        best.filter(|(_, weight)| *weight > 0.0).map_or((0.0, 0), |(exact, weight)| (weight, exact))
    }

    fn kind_and_version(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text/plain", "0.0.4"),
            Self::OpenMetrics => ("application/openmetrics-text", "1.0.0"),
        }
    }
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let mut range =
            Self { kind: parts.next().filter(|kind| !kind.is_empty())?, version: None, weight: 1.0 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                name if name.eq_ignore_ascii_case("q") => {
                    range.weight = value.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
                }
                name if name.eq_ignore_ascii_case("version") => {
                    range.version = Some(value.trim().trim_matches('"'))
                }
                _ => {}
            }
        }
        Some(range)
    }

    /// How exactly it names a format; not at all if it names others.
    fn names(&self, format: Format) -> Option<u8> {
        let (kind, version) = format.kind_and_version();
        let family = kind.split_once('/').map_or(kind, |(family, _)| family);
        if self.kind.eq_ignore_ascii_case(kind) {
            return match self.version {
                None => Some(3),
                Some(asked) => (asked == version).then_some(4),
            };
        }
        match self.kind.split_once('/')? {
            ("*", "*") => Some(1),
            (asked, "*") if asked.eq_ignore_ascii_case(family) => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn preferred(lines: &[&'static str]) -> Format {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, HeaderValue::from_static(line));
        }
        Format::preferred(&headers)
    }

    #[test]
    fn prometheus_gets_what_it_prefers() {
        // Of versions 2.42, 2.53 and 3.1, with its defaults.
        for accept in [
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        ] {
            assert_eq!(preferred(&[accept]), Format::OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn who_does_not_ask_for_openmetrics_gets_text() {
        for accept in [
            "",
            "*/*",
            "text/html, */*;q=0.8",
            "text/plain",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0.4, text/plain;q=0.5",
            "application/openmetrics-text;q=2",
            "application/json",
        ] {
            assert_eq!(preferred(&[accept]), Format::Text, "{accept}");
        }
        assert_eq!(preferred(&[]), Format::Text);
    }

    #[test]
    fn who_names_it_gets_it() {
        for accept in [
            "application/openmetrics-text",
            "Application/OpenMetrics-Text; Version=\"1.0.0\"",
            "*/*, application/openmetrics-text",
            "application/openmetrics-text;q=0.5, text/plain;q=0.4",
        ] {
            assert_eq!(preferred(&[accept]), Format::OpenMetrics, "{accept}");
        }
        assert_eq!(
            preferred(&["text/plain;q=0.1", "application/openmetrics-text;q=0.2"]),
            Format::OpenMetrics
        );
    }
}
