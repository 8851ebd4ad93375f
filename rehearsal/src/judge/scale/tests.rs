use proptest::prelude::*;

use super::*;

fn scale(factor: f64) -> Scale {
    Scale { factor, scrape_interval: Duration::from_secs(1) }
}

fn shortened(query: &str) -> String {
    ranges::shorten(query, &scale(10.0)).unwrap_or_else(|error| panic!("{query}: {error}"))
}

#[test]
fn ranges_steps_and_offsets_become_shorter() {
    for (query, expected) in [
        ("rate(a[2m])", "rate(a[12s])"),
        ("rate(a[1h30m])", "rate(a[540s])"),
        ("rate(a[ 45s ])", "rate(a[4500ms])"),
        ("rate(a[300])", "rate(a[30s])"),
        ("max_over_time(a[1h:5m])", "max_over_time(a[360s:30s])"),
        ("max_over_time(a[1h:])", "max_over_time(a[360s:])"),
        ("a offset 5m", "a offset 30s"),
        ("sum(a{b=\"c\"}[1m] offset 1d) / 2", "sum(a{b=\"c\"}[6s] offset 8640s) / 2"),
        ("a OFFSET -5m)", "a OFFSET -30s)"),
        ("a[5m] # not [1m]\n + b[5m]", "a[30s] # not [1m]\n + b[30s]"),
    ] {
        assert_eq!(shortened(query), expected);
    }
}

#[test]
fn what_is_no_time_stays_as_it_is() {
    for query in [
        "a{b=~\"x[2m]\\\"[5m]\"} > 0.95",
        "a{b='[2m]', c=`\\[2m]`}",
        "histogram_quantile(0.95, sum by (le) (x_bucket))",
        "offset_total + job:offset:rate5m",
        "vector(300)",
        "ä ≥ «",
        "",
    ] {
        assert_eq!(shortened(query), query);
    }
}

#[test]
fn a_range_holds_at_least_four_scrapes() {
    assert_eq!(ranges::shorten("a[40s]", &scale(10.0)).unwrap(), "a[4s]");
    let refused = ranges::shorten("a[39s]", &scale(10.0)).unwrap_err();
    assert!(refused.contains("[39s] would be 3900ms long") && refused.contains("every 1s"), "{refused}");
    assert!(ranges::shorten("a[3s]", &scale(1.0)).is_err());
}

#[test]
fn what_cannot_be_read_is_refused() {
    for query in
        ["a[", "a[5x]", "a[]", "a[5m:x]", "a offset b", "a offset", "a[99999999999999999999y]", "a[-5m]"]
    {
        assert!(ranges::shorten(query, &scale(1.0)).is_err(), "{query}");
    }
}

#[test]
fn times_are_not_made_longer() {
    for factor in [0.5, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(scale(factor).shorten(Duration::from_secs(60)), Err(ScaleError::Factor));
    }
}

proptest! {
    #[test]
    fn no_query_causes_a_panic(query in "\\PC*", factor in 1.0..1e6) {
        let _ = ranges::shorten(&query, &scale(factor));
    }

    #[test]
    fn no_query_like_promql_causes_a_panic(query in "([a-z_:]{1,4}|offset|[0-9]{1,20}|[\\[\\]{}()\"'`\\\\#:]|[smhdwy]|ms| |ä){0,30}", factor in 1.0..1e6) {
        let _ = ranges::shorten(&query, &scale(factor));
    }

    #[test]
    fn scaled_by_one_means_the_same(seconds in 4_u64..100_000) {
        prop_assert_eq!(ranges::shorten(&format!("a[{seconds}s]"), &scale(1.0)).unwrap(), format!("a[{seconds}s]"));
    }
}
