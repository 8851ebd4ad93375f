//! What `/metrics` says, for asking after single series.

use std::collections::BTreeMap;

/// Samples of a scrape in the text format, see
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(BTreeMap<Series, f64>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
}

impl Metrics {
    /// Reads a scrape; lines that are no samples are passed over.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(sample).collect())
    }

    /// The value of the series that has exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.0.get(&Series { name: name.to_owned(), labels }).copied()
    }

    /// The sum over all series that have at least these labels; 0 when there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |series: &Series| {
            series.name == name
                && labels.iter().all(|(name, value)| series.labels.get(*name).is_some_and(|own| own == value))
        };
        self.0.iter().filter(|(series, _)| fits(series)).map(|(_, value)| value).sum()
    }
}

fn sample(line: &str) -> Option<(Series, f64)> {
    if line.starts_with('#') {
        return None;
    }
    let (name, labels, rest) = match line.split_once('{') {
        Some((name, rest)) => {
            let (labels, rest) = labels(rest)?;
            (name, labels, rest)
        }
        None => {
            let (name, rest) = line.split_once(' ')?;
            (name, BTreeMap::new(), rest)
        }
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some((Series { name: name.to_owned(), labels }, value))
}

/// Reads `name="value",…}`, with the escapes `\\`, `\"` and `\n`, and gives what follows.
fn labels(mut text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        text = text.trim_start_matches([',', ' ']);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        labels.insert(name.trim().to_owned(), value);
        text = rest;
    }
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAPE: &str = r#"# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{method="GET",route="/a/{id}"} 3
requests_total{method="POST",route="say \"hi\",\\\n"} 4 1395066363000
up 1
"#;

    #[test]
    fn series_is_found_by_its_labels_in_any_order() {
        let metrics = Metrics::parse(SCRAPE);
        assert_eq!(metrics.value("requests_total", &[("route", "/a/{id}"), ("method", "GET")]), Some(3.0));
        assert_eq!(metrics.value("requests_total", &[("method", "GET")]), None);
        assert_eq!(metrics.value("up", &[]), Some(1.0));
    }

    #[test]
    fn escapes_in_labels_are_read() {
        let metrics = Metrics::parse(SCRAPE);
        let labels = [("method", "POST"), ("route", "say \"hi\",\\\n")];
        assert_eq!(metrics.value("requests_total", &labels), Some(4.0));
    }

    #[test]
    fn sum_takes_all_series_that_fit() {
        let metrics = Metrics::parse(SCRAPE);
        assert_eq!(metrics.sum("requests_total", &[]), 7.0);
        assert_eq!(metrics.sum("requests_total", &[("method", "PUT")]), 0.0);
    }
}
