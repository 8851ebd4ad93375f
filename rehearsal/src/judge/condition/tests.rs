use super::*;

const NAN: f64 = f64::NAN;

/// `Some(truth)`, or none if it cannot be told.
fn told(text: &str, numbers: &[f64]) -> Option<bool> {
    let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    condition.holds(&Measured::Vector(numbers.to_vec())).ok()
}

fn scalar(text: &str, number: f64) -> Option<bool> {
    Condition::parse(text).unwrap().holds(&Measured::Scalar(number)).ok()
}

#[test]
fn the_conditions_of_the_chart() {
    let pass = "len(result) > 0 && !isNaN(result[0]) && result[0] >= 0.95";
    let lenient = "len(result) > 0 && (isNaN(result[0]) || result[0] >= 0.95)";
    for (numbers, passes, passes_leniently) in [
        (&[0.95][..], true, true),
        (&[0.94], false, false),
        (&[1.0], true, true),
        (&[NAN], false, true),
        (&[], false, false),
        (&[f64::INFINITY], true, true),
        (&[0.99, 0.1], true, true),
    ] {
        assert_eq!(told(pass, numbers), Some(passes), "{numbers:?}");
        assert_eq!(told(lenient, numbers), Some(passes_leniently), "{numbers:?}");
    }
}

#[test]
fn an_item_of_an_empty_list_cannot_be_told() {
    for text in [
        "result[0] >= 0.95",
        "result[0] < 0.05",
        "isNaN(result[0])",
        "default(result[0], 0) == 0",
        "!(result[0] > 1)",
    ] {
        assert_eq!(told(text, &[]), None, "{text}");
    }
    assert_eq!(told("result[1] > 0", &[1.0]), None);
    assert_eq!(told("result[-1] > 0", &[1.0, 2.0]), Some(true));
}

#[test]
fn nothing_is_true_of_a_number_that_is_none() {
    for text in
        ["result[0] >= 0", "result[0] < 0", "result[0] == result[0]", "result[0] > 0 || result[0] <= 0"]
    {
        assert_eq!(told(text, &[NAN]), Some(false), "{text}");
    }
    assert_eq!(told("result[0] != result[0]", &[NAN]), Some(true));
    assert_eq!(told("isInf(result[0])", &[f64::NEG_INFINITY]), Some(true));
    assert_eq!(told("isInf(result[0])", &[NAN]), Some(false));
}

#[test]
fn scalars_are_numbers_and_vectors_are_lists() {
    assert_eq!(scalar("result >= 0.95", 0.96), Some(true));
    assert_eq!(scalar("result == 1", 1.0), Some(true));
    assert_eq!(scalar("result[0] >= 0.95", 0.96), None);
    assert_eq!(scalar("len(result) > 0", 1.0), None);
    assert_eq!(scalar("isNaN(result)", NAN), Some(true));
    assert_eq!(told("result >= 0.95", &[0.96]), None);
    assert_eq!(told("isNaN(result)", &[NAN]), None);
}

#[test]
fn operators_are_those_of_the_language() {
    let cases = [
        ("result[0] > 1 and result[1] > 1", true),
        ("result[0] > 2 or result[1] > 2", true),
        ("not (result[0] > 1)", false),
        ("not (result[0] > 2)", true),
        ("result[0] + result[1] * 2 == 8", true),
        ("(result[0] + result[1]) * 2 == 10", true),
        ("-result[0] < 0", true),
        ("result[1] / result[0] == 1.5", true),
        ("result[0] ** 2 == 4", true),
        ("2 in result", true),
        ("result[0] > 1 ? true : false", true),
        ("-2 ** 2 == -4", true),
        ("2 ** 3 ** 2 == 512", true),
        ("8 / 2 / 2 == 2", true),
        ("1 + 1 == 2 == true", true),
        ("!false == true", true),
        ("4 not in result", true),
        ("result[0] in [2, 5]", true),
        ("result == [2, 3]", true),
        ("result != nil", true),
        ("result == nil", false),
        ("true || result[7] > 0", true),
        ("false && result[7] > 0", false),
        ("len(result) == 2 && result[0] == 2.0 && result[1] == 3", true),
    ];
    for (text, truth) in cases {
        assert_eq!(told(text, &[2.0, 3.0]), Some(truth), "{text}");
    }
}

#[test]
fn functions_are_those_of_the_controller() {
    let cases = [
        ("asInt(result[0]) == 2", true),
        ("asInt(-2.7) == -2", true),
        ("default(result, 0) == result", true),
        ("isNil(result)", false),
        ("all(result, {# > 2})", true),
        ("all(result, # > 2.8)", false),
        ("any(result, {# > 3})", true),
        ("none(result, {# > 4})", true),
        ("count(result, {# > 2.8}) == 1", true),
        ("sum(result) > 5.8 && max(result) > 3 && min(result) < 3", true),
        ("len(filter(result, {isNaN(#)})) == 0", true),
        ("mean(result) > 2.9", true),
    ];
    for (text, truth) in cases {
        assert_eq!(told(text, &[2.7, 3.2]), Some(truth), "{text}");
    }
    for text in ["asInt(result[0]) > 0", "asInt(result) > 0", "asFloat(result) > 0", "isInf(true)"] {
        assert_eq!(told(text, &[NAN]), None, "{text}");
    }
}

#[test]
fn what_is_no_truth_value_cannot_be_told() {
    for text in ["result[0]", "1", "len(result)", "nil", "result[0] > 1 && 1", "!result[0]"] {
        assert_eq!(told(text, &[2.0]), None, "{text}");
    }
}

#[test]
fn what_is_of_the_wrong_kind_counts_even_where_it_is_not_reached() {
    for text in [
        "len(result) == 0 || result > 0.95",
        "false && result > 1",
        "true ? true : result > 1",
        "result[0.5] > 0 || true",
    ] {
        assert_eq!(told(text, &[]), None, "{text}");
    }
    assert_eq!(told("len(result) == 0 || result[0] > 0.95", &[]), Some(true));
    assert_eq!(told("len(result) > 0 ? result[0] > 0.95 : true", &[]), Some(true));
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    for (text, name) in [
        ("results[0] > 0.9", "results"),
        ("true || other", "other"),
        ("now() > 0", "now"),
        ("let x", "let"),
        ("repeat(2, 100000) == 1", "repeat"),
        ("$env[0] > 1", "$env"),
        ("result.value > 1", "."),
        ("result[0] > \"1\"", "\""),
        ("result[0] % 2 == 0", "%"),
        ("result[0] ?? 1 > 0", "?"),
        ("isNaN > 1", ">"),
        ("# > 1", "#"),
    ] {
        let error = Condition::parse(text).unwrap_err().to_string();
        let (_, problem) = error.rsplit_once("`: ").unwrap();
        assert!(problem.contains(&format!("`{name}`")), "{text}: {error}");
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for text in [
        "result[0] >",
        "result[0] >= 0.95)",
        "result[0] = 1",
        "",
        "result[0] > 0,95",
        "(true",
        "result[0",
        "1 2",
        "isNaN()",
        "isNaN(1, 2)",
        "default(result)",
        "all(result)",
        "0..9 == result",
        "1e999 > 0",
        "1x > 0",
        "true ? false",
        "result[0] > 5%",
    ] {
        assert!(matches!(Condition::parse(text), Err(ConditionError::Syntax { .. })), "{text}");
    }
    assert_eq!(Condition::parse(&" ".repeat(1_025)).unwrap_err(), ConditionError::TooLong);
}

#[test]
fn numbers_are_written_in_many_ways() {
    for text in [
        "result[0] == 1000",
        "result[0] == 1_000",
        "result[0] == 1e3",
        "result[0] == 1E+3",
        "result[0] == 1000.0",
        ".5 < result[0]",
    ] {
        assert_eq!(told(text, &[1000.0]), Some(true), "{text}");
    }
}

#[test]
fn the_longest_conditions_are_read_in_little_stack() {
    let texts = vec![
        format!("true{}", " && true".repeat(126)),
        format!("1{} > 0", "+1".repeat(126)),
        format!("{}true{}", "(".repeat(8), ")".repeat(8)),
        format!("{}0{} > 0", "result[".repeat(8), "]".repeat(8)),
        "true ? ".repeat(146),
        format!("{}true", "true ? true : ".repeat(70)),
        "!".repeat(1_024),
        "-".repeat(1_024),
        format!("{}true", "not ".repeat(255)),
        format!("result{}", "[0]".repeat(85)),
        "{a".repeat(8),
    ];
    for text in texts {
        if let Ok(condition) = Condition::parse(&text) {
            let _ = condition.holds(&Measured::Vector(vec![0.0]));
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_causes_a_panic(text in "\\PC*") {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn no_condition_causes_a_panic(
        text in "(result|isNaN|len|all|max|asInt|not|in|and|nil|#|[0-9.]{1,5}|[\\[\\](){}<>=!&|+*/?:,-]| ){0,24}",
        numbers in proptest::collection::vec(proptest::num::f64::ANY, 0..3),
    ) {
        if let Ok(condition) = Condition::parse(&text) {
            let _ = condition.holds(&Measured::Vector(numbers.clone()));
            let _ = condition.holds(&Measured::Scalar(numbers.first().copied().unwrap_or(0.0)));
        }
    }
}
