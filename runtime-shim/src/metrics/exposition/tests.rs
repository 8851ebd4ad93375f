use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;

use super::*;

const OWN: &str = "# HELP own_total Own.\n# TYPE own_total counter\nown_total 1\n";

fn taken() -> BTreeSet<String> {
    ["own_total", "own_seconds"].map(str::to_owned).into()
}

fn text(given: &str) -> String {
    admit(given.as_bytes(), &taken()).text
}

fn left_out(given: &str) -> Vec<(String, Reason)> {
    admit(given.as_bytes(), &taken()).left_out.into_iter().collect()
}

/// A second reading of the format, which knows nothing of the first: says what is wrong with a text.
fn problem(text: &str) -> Option<String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Some("the last line has no end".into());
    }
    let (mut types, mut helps, mut ended) = (HashMap::new(), HashSet::new(), HashSet::new());
    let (mut series, mut open) = (HashSet::new(), String::new());
    for line in text.lines() {
        let wrong = |what: &str| Some(format!("{what}: {line:?}"));
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let (family, sample) = match words[..] {
            ["#", "HELP", name, _] if helps.insert(name) => (name.to_owned(), None),
            ["#", "TYPE", name, kind] if types.insert(name, kind).is_none() => (name.to_owned(), None),
            ["#", ..] => return wrong("metadata"),
            _ => {
                let Some((name, labels)) = series_of(line) else { return wrong("sample") };
                let ends = [("_bucket", "histogram"), ("_sum", "histogram"), ("_count", "histogram")];
                let ends = ends.into_iter().chain([("_sum", "summary"), ("_count", "summary")]);
                let mut of = ends.filter_map(|(end, kind)| {
                    name.strip_suffix(end).filter(|base| types.get(base) == Some(&kind))
                });
                (of.next().unwrap_or(&name).to_owned(), Some((name, labels)))
            }
        };
        if family != open {
            ended.insert(std::mem::replace(&mut open, family.clone()));
            if ended.contains(&family) {
                return wrong("a family in two groups");
            }
        }
        if sample.is_some_and(|sample| !series.insert(sample)) {
            return wrong("a series twice");
        }
    }
    None
}

/// What is wrong with a text as OpenMetrics, as far as families and the names in them go.
fn openmetrics_problem(text: &str) -> Option<String> {
    let (mut families, mut taken, mut current) =
        (HashSet::new(), HashSet::new(), (String::new(), String::new()));
    let Some(lines) = text.strip_suffix("# EOF\n") else { return Some("no end".into()) };
    for line in lines.lines() {
        let wrong = |what: &str| Some(format!("{what}: {line:?}"));
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        if let ["#", "TYPE", name, kind] = words[..] {
            current = (name.to_owned(), kind.to_owned());
            if !families.insert(name.to_owned()) {
                return wrong("a family twice");
            }
            continue;
        }
        if let ["#", _, name, _] = words[..] {
            if name != current.0 {
                return wrong("metadata of another family");
            }
            continue;
        }
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let suffixes: &[&str] = match current.1.as_str() {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "summary" => &["", "_sum", "_count"],
            _ => &[""],
        };
        if !name.strip_prefix(&current.0).is_some_and(|suffix| suffixes.contains(&suffix)) {
            return wrong("a sample of another family");
        }
        taken.insert((name.to_owned(), current.0.clone()));
    }
    let clash = |(name, family): &(String, String)| name != family && families.contains(name);
    taken.iter().find(|taken| clash(taken)).map(|clash| format!("a name of two families: {clash:?}"))
}

/// Name and sorted labels of a sample.
fn series_of(line: &str) -> Option<(String, Vec<String>)> {
    let (head, value) = match line.rsplit_once("} ") {
        Some((head, value)) => (head, value),
        None => line.split_once(' ')?,
    };
    let mut numbers = value.split(' ');
    let value = numbers.next()?;
    let special = ["nan", "inf", "+inf", "-inf"].contains(&value.to_ascii_lowercase().as_str());
    let number = special || value.parse::<f64>().is_ok_and(f64::is_finite) && !value.contains(['i', 'n']);
    let time = numbers.next().is_none_or(|time| time.parse::<u64>().is_ok());
    let (name, mut labels) = head.split_once('{').unwrap_or((head, ""));
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let mut found = Vec::new();
    while !labels.is_empty() {
        let (label, rest) = labels.split_once("=\"")?;
        let mut end = 0;
        while !rest[end..].starts_with('"') {
            end += if rest[end..].starts_with('\\') { 2 } else { rest[end..].chars().next()?.len_utf8() };
        }
        found.push(format!("{label}={}", &rest[..end]));
        labels = rest[end + 1..].strip_prefix(',').unwrap_or(&rest[end + 1..]);
        if !plain(label) || label.is_empty() {
            return None;
        }
    }
    found.sort();
    (number && time && numbers.next().is_none() && plain(name) && !name.is_empty())
        .then(|| (name.into(), found))
}

/// Lines that are nearly right, and some that are right.
fn lines() -> impl Strategy<Value = String> {
    let name = "(a|b|h|h_sum|h_count|h_bucket|own_total|own_seconds_sum|1|é|__x:y)";
    let label = "(le|quantile|x|__name__|1)";
    let value = r#"(1|\+Inf|x|\\\\|\\n|\\"|\\|é|\{|\}|,|=)"#;
    let number = "(0|1|-2.5|1e3|1e999|NaN|\\+Inf|inf|0x1|x|)";
    let line = format!(
        "(# HELP {name} .{{0,5}}|# TYPE {name} (counter|histogram|summary|untyped|x)|\
         [ \t]?{name}[ ]?(\\{{({label}=\"{value}\"(,|, |)){{0,3}}\\}})?[ \t]{number}( (5|-5|x))?|.{{0,12}}|#.*)"
    );
    let line = string_regex(&line).expect("a pattern");
    prop::collection::vec(line, 0..30).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_merged_gives_a_valid_text(given in lines()) {
        let merged = OWN.to_owned() + &text(&given);
        prop_assert_eq!(problem(&merged), None, "{}", merged);
    }

    #[test]
    fn what_was_admitted_once_is_admitted_again_unchanged(given in lines()) {
        let once = text(&given);
        let twice = admit(once.as_bytes(), &taken());
        prop_assert_eq!(twice, Admitted { text: once, left_out: BTreeMap::new() });
    }

    #[test]
    fn whatever_is_merged_can_be_said_in_openmetrics(given in lines()) {
        let merged = OWN.to_owned() + &text(&given);
        let translated = translate(merged.as_bytes());
        prop_assert_eq!(openmetrics_problem(&translated), None, "{}", translated);
        let samples = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        prop_assert_eq!(samples(&merged), samples(&translated), "{}\n{}", merged, translated);
    }

    #[test]
    fn any_bytes_give_a_valid_text(given in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(problem(&admit(&given, &taken()).text), None);
    }
}

#[test]
fn a_text_that_is_valid_passes_as_it_is() {
    let given = "# HELP h Time \\\\ in\\nseconds.\n# TYPE h histogram\nh_bucket{le=\"0.5\",x=\"say \\\"hi\\\"\"} 1\n\
                 h_bucket{le=\"+Inf\",x=\"say \\\"hi\\\"\"} 2\nh_sum{x=\"say \\\"hi\\\"\"} 1.5\n\
                 h_count{x=\"say \\\"hi\\\"\"} 2\n# TYPE s summary\ns{quantile=\"0.9\"} 2 1395066363000\ns_count inf\n";
    assert_eq!(admit(given.as_bytes(), &taken()), Admitted { text: given.into(), left_out: BTreeMap::new() });
}

#[test]
fn spacing_comments_and_a_missing_line_end_do_no_harm() {
    let given = "# a comment\n\n  #\tTYPE  a\tgauge\n a { x = \"1\" , } \t 3  7 \n#HELP\nb NaN";
    assert_eq!(text(given), "# TYPE a gauge\na{x=\"1\"} 3 7\n# TYPE b untyped\nb NaN\n");
}

#[test]
fn names_that_are_taken_are_left_out() {
    let given = "own_total 2\nown_seconds_count 3\nown_seconds_bucket{le=\"1\"} 3\nother 1\n";
    assert_eq!(text(given), "# TYPE other untyped\nother 1\n");
    let names = ["own_seconds_bucket", "own_seconds_count", "own_total"];
    assert_eq!(left_out(given), names.map(|name| (name.to_owned(), Reason::Taken)));
}

#[test]
fn a_family_that_appears_twice_is_taken_once() {
    assert_eq!(text("a 1\nb 1\na{x=\"1\"} 2\n"), "# TYPE a untyped\na 1\n# TYPE b untyped\nb 1\n");
    assert_eq!(left_out("a 1\nb 1\na{x=\"1\"} 2\n"), [("a".to_owned(), Reason::Repeated)]);
    let histogram = "h_count 1\n# TYPE h histogram\nh_count 1\n";
    assert_eq!(left_out(histogram), [("h".to_owned(), Reason::Repeated)]);
}

#[test]
fn lines_that_are_not_valid_are_left_out_and_the_rest_stays() {
    for line in [
        "a",
        "a x",
        "a 1e999",
        "a 1 2 3",
        "a 1 -2",
        "a{x=\"1\"",
        "a{x=1} 1",
        "a{x=\"1\" y=\"2\"} 1",
        "a{x=\"1\",x=\"2\"} 1",
        "a{__name__=\"b\"} 1",
        "a{x=\"\\t\"} 1",
        "a{,} 1",
        "a\0 1",
        "a 1\r",
        "# TYPE a info",
        "# HELP a b\\",
        "good 2",
    ] {
        let given = format!("good 1\n{line}\n# TYPE end gauge\nend 1\n");
        assert_eq!(text(&given), "# TYPE good untyped\ngood 1\n# TYPE end gauge\nend 1\n", "{line:?}");
        assert_eq!(left_out(&given).len(), 1, "{line:?}");
    }
}

#[test]
fn samples_need_what_their_type_asks_for() {
    let given = "# TYPE h histogram\nh_bucket 1\nh_bucket{le=\"x\"} 1\nh 1\nh_bucket{le=\"+Inf\"} 1\n";
    assert_eq!(text(given), "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n");
    assert_eq!(text("# TYPE s summary\ns 1\ns_sum 1\n"), "# TYPE s summary\ns_sum 1\n");
}

#[test]
fn what_is_told_of_a_bad_line_is_short() {
    let long = "?".repeat(10_000);
    assert!(left_out(&long).iter().all(|(subject, _)| subject.len() <= MAX_SUBJECT));
}

/// Prometheus's own parser, where it is at hand.
#[test]
fn prometheus_reads_what_was_merged() {
    let check = |text: &str| {
        let mut tool = Command::new("promtool");
        tool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = tool.spawn().ok()?;
        child.stdin.take()?.write_all(text.as_bytes()).ok()?;
        let output = child.wait_with_output().ok()?;
        Some(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..50 {
        let given = lines().new_tree(&mut runner).expect("lines").current();
        let merged = OWN.to_owned() + &text(&given);
        let Some(said) = check(&merged) else { return };
        // What it says of style is none of our business.
        assert!(!said.contains("error while linting") && !said.contains("parsing error"), "{said}\n{merged}");
    }
}
