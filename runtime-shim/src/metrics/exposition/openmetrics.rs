//! The same families in OpenMetrics 1.0:
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
//!
//! No series gets another name by it: a counter that does not end in `_total`, as one must here, is `unknown` instead, and
//! so is whatever else OpenMetrics would not have under its type.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::family::Family;
use super::line::{Kind, Sample};
use super::{Read, read};

/// What a counter's series has after the name of its family.
const TOTAL: &str = "_total";

/// Units that a name may end with.
const UNITS: [&str; 2] = ["seconds", "bytes"];

/// Samples of one set of labels.
type Group<'f, 'a> = Vec<&'f Sample<'a>>;

/// Writes a valid text of families anew.
pub fn translate(text: &[u8]) -> String {
    let mut families = Vec::new();
    read(text, |part| {
        if let Read::Family(family) = part
            && !family.is_empty()
        {
            families.push(family);
        }
    });
    let mut names: HashSet<String> = families.iter().flat_map(Family::names).collect();
    names.extend(families.iter().map(|family| family.name.to_owned()));
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for family in &families {
        write(family, &names, &mut out);
    }
    out.push_str("# EOF\n");
    out
}

fn write(family: &Family<'_>, names: &HashSet<String>, out: &mut String) {
    let name = family.name;
    match family.kind() {
        Kind::Counter => match counter(family, names) {
            Some(name) => grouped(family, name, "counter", "", out),
            None => unknown(family, out),
        },
        Kind::Gauge => grouped(family, name, "gauge", "", out),
        Kind::Histogram if is_histogram(family) => grouped(family, name, "histogram", "le", out),
        Kind::Summary if is_summary(family) => grouped(family, name, "summary", "quantile", out),
        Kind::Histogram | Kind::Summary | Kind::Untyped => unknown(family, out),
    }
}

/// The name of a counter's family, if it can be one: it must not be taken, and its values only go up.
fn counter<'a>(family: &Family<'a>, names: &HashSet<String>) -> Option<&'a str> {
    let name = family.name.strip_suffix(TOTAL).filter(|name| !name.is_empty())?;
    let taken = names.contains(name) || names.contains(&format!("{name}_created"));
    let counts = |sample: &Sample<'_>| sample.value.parse::<f64>().is_ok_and(|value| value >= 0.0);
    (!taken && family.samples().iter().all(counts)).then_some(name)
}

/// Whether each histogram has all of its parts.
fn is_histogram(family: &Family<'_>) -> bool {
    groups(family, "le").iter().all(|group| {
        let all = group.iter().any(|sample| sample.label("le").is_some_and(is_infinite));
        all && has(group, family, "_sum") && has(group, family, "_count")
    })
}

/// Whether no summary has one of its parts without the other.
fn is_summary(family: &Family<'_>) -> bool {
    groups(family, "quantile").iter().all(|group| has(group, family, "_sum") == has(group, family, "_count"))
}

fn has(group: &[&Sample<'_>], family: &Family<'_>, suffix: &str) -> bool {
    group.iter().any(|sample| sample.name.strip_prefix(family.name) == Some(suffix))
}

/// The samples by their labels other than `bound`, in the order in which they first came.
fn groups<'f, 'a>(family: &'f Family<'a>, bound: &str) -> Vec<Group<'f, 'a>> {
    let mut places: HashMap<Vec<(&str, &str)>, usize> = HashMap::new();
    let mut groups: Vec<Group<'f, 'a>> = Vec::new();
    for sample in family.samples() {
        let mut labels: Vec<_> = sample.labels.iter().copied().filter(|(name, _)| *name != bound).collect();
        labels.sort_unstable();
        let place = *places.entry(labels).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(sample);
    }
    groups
}

/// Writes a family whose samples belong together if they differ in `bound` alone, in the order of its values.
fn grouped(family: &Family<'_>, name: &str, kind: &str, bound: &str, out: &mut String) {
    metadata(family, name, kind, out);
    for mut group in groups(family, bound) {
        // What has no bound, sum and count, comes last.
        let order = |sample: &Sample<'_>| sample.label(bound).and_then(number).unwrap_or(f64::INFINITY);
        group.sort_by(|one, other| {
            let has_bound = |sample: &Sample<'_>| sample.label(bound).is_some();
            has_bound(other).cmp(&has_bound(one)).then(order(one).total_cmp(&order(other)))
        });
        group.iter().for_each(|sample| line(sample, bound, out));
    }
}

/// Writes each name of a family as a family of its own, of which only the values are known.
fn unknown(family: &Family<'_>, out: &mut String) {
    let mut written = HashSet::new();
    for name in family.samples().iter().map(|sample| sample.name) {
        if written.insert(name) {
            metadata(family, name, "unknown", out);
            family
                .samples()
                .iter()
                .filter(|sample| sample.name == name)
                .for_each(|sample| line(sample, "", out));
        }
    }
}

fn metadata(family: &Family<'_>, name: &str, kind: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# TYPE {name} {kind}");
    let ends = |unit: &&&str| name.strip_suffix(**unit).is_some_and(|rest| rest.ends_with('_'));
    if let Some(unit) = UNITS.iter().find(ends) {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
    if let Some(help) = family.help() {
        let _ = writeln!(out, "# HELP {name} {}", help.replace('"', "\\\""));
    }
}

fn line(sample: &Sample<'_>, bound: &str, out: &mut String) {
    out.push_str(sample.name);
    for (index, (label, value)) in sample.labels.iter().enumerate() {
        let before = if index == 0 { '{' } else { ',' };
        let value = if *label == bound { canonical(value) } else { (*value).into() };
        // Writing to a string cannot fail.
        let _ = write!(out, "{before}{label}=\"{value}\"");
    }
    if !sample.labels.is_empty() {
        out.push('}');
    }
    let _ = write!(out, " {}", sample.value);
    if let Ok(milliseconds) = sample.timestamp.parse::<u64>() {
        let _ = write!(out, " {}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
    }
    out.push('\n');
}

/// A bound as OpenMetrics has it: with a point, and infinity in one spelling.
fn canonical(bound: &str) -> Cow<'_, str> {
    if is_infinite(bound) {
        return "+Inf".into();
    }
    if bound.bytes().all(|byte| byte.is_ascii_digit()) { format!("{bound}.0").into() } else { bound.into() }
}

fn is_infinite(bound: &str) -> bool {
    number(bound) == Some(f64::INFINITY)
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> String {
        translate(text.as_bytes())
    }

    #[test]
    fn a_counter_is_a_family_without_the_end_of_its_name() {
        let text = "# HELP a_total Say \"hi\".\n# TYPE a_total counter\na_total{x=\"1\"} 2 1395066363007\n";
        let expected =
            "# TYPE a counter\n# HELP a Say \\\"hi\\\".\na_total{x=\"1\"} 2 1395066363.007\n# EOF\n";
        assert_eq!(translated(text), expected);
    }

    #[test]
    fn what_cannot_be_a_counter_keeps_its_name_and_is_unknown() {
        let unknown = "# TYPE a unknown\na 1\n# EOF\n";
        assert_eq!(translated("# TYPE a counter\na 1\n"), unknown);
        assert_eq!(translated("# TYPE a untyped\na 1\n"), unknown);
        for value in ["-1", "NaN"] {
            let text = format!("# TYPE a_total counter\na_total {value}\n");
            assert_eq!(translated(&text), format!("# TYPE a_total unknown\na_total {value}\n# EOF\n"));
        }
        let taken = translated("# TYPE a gauge\na 1\n# TYPE a_total counter\na_total 1\n");
        assert_eq!(taken, "# TYPE a gauge\na 1\n# TYPE a_total unknown\na_total 1\n# EOF\n");
    }

    #[test]
    fn a_histogram_has_its_bounds_in_order_and_its_unit() {
        let text = "# TYPE h_seconds histogram\nh_seconds_bucket{le=\"+inf\"} 3\nh_seconds_count 3\n\
                    h_seconds_bucket{le=\"10\"} 2\nh_seconds_bucket{le=\"0.5\"} 1\nh_seconds_sum 9\n";
        let expected = "# TYPE h_seconds histogram\n# UNIT h_seconds seconds\nh_seconds_bucket{le=\"0.5\"} 1\n\
                        h_seconds_bucket{le=\"10.0\"} 2\nh_seconds_bucket{le=\"+Inf\"} 3\nh_seconds_count 3\n\
                        h_seconds_sum 9\n# EOF\n";
        assert_eq!(translated(text), expected);
    }

    #[test]
    fn series_of_a_histogram_are_brought_together() {
        let part = |x: u8, name: &str| format!("h{name}x=\"{x}\"}} 1\n");
        let parts = ["_bucket{le=\"+Inf\",", "_sum{", "_count{"];
        let apart: String = parts.iter().map(|name| part(1, name) + &part(2, name)).collect();
        let together: String = [1, 2].iter().flat_map(|x| parts.iter().map(|name| part(*x, name))).collect();
        let expected = format!("# TYPE h histogram\n{together}# EOF\n");
        assert_eq!(translated(&format!("# TYPE h histogram\n{apart}")), expected);
    }

    #[test]
    fn a_histogram_that_lacks_a_part_is_taken_apart() {
        let text = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\n";
        let expected =
            "# TYPE h_bucket unknown\nh_bucket{le=\"1\"} 1\n# TYPE h_sum unknown\nh_sum 1\n# EOF\n";
        assert_eq!(translated(text), expected);
    }

    #[test]
    fn a_name_that_is_a_unit_has_none() {
        assert_eq!(
            translated("# TYPE seconds gauge\nseconds 1\n"),
            "# TYPE seconds gauge\nseconds 1\n# EOF\n"
        );
    }
}
