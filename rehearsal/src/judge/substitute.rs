//! Puts arguments in: `{{args.name}}`, in every string of a metric.

use std::collections::BTreeMap;

use serde_json::Value;

/// Puts `arguments` into every string of `value`.
///
/// # Errors
/// With a sentence, if something in double braces is none of them.
pub fn substitute(value: &mut Value, arguments: &BTreeMap<String, String>) -> Result<(), String> {
    match value {
        Value::String(text) => {
            if text.contains("{{") {
                *text = replaced(text, arguments)?;
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(|value| substitute(value, arguments)),
        Value::Object(fields) => fields.values_mut().try_for_each(|value| substitute(value, arguments)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// What is put in is not looked at again.
fn replaced(text: &str, arguments: &BTreeMap<String, String>) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        let (tag, after) = tail.split_once("}}").ok_or_else(|| format!("`{{{{` has no `}}}}`: {text}"))?;
        let name = tag.trim().strip_prefix("args.");
        let value = name.and_then(|name| arguments.get(name));
        result.push_str(before);
        result.push_str(value.ok_or_else(|| format!("`{{{{{tag}}}}}` is no argument"))?);
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments() -> BTreeMap<String, String> {
        [("hash", "abc"), ("count", "3"), ("braces", "{{args.hash}}"), ("quote", "a\"b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn every_string_is_looked_at() {
        let mut metric = json!({"count": "{{args.count}}", "provider": {"headers": [{"value": "x{{ args.hash }}y{{args.hash}}"}]}, "n": 1});
        substitute(&mut metric, &arguments()).unwrap();
        assert_eq!(metric, json!({"count": "3", "provider": {"headers": [{"value": "xabcyabc"}]}, "n": 1}));
    }

    #[test]
    fn what_is_put_in_stays_as_it_is() {
        assert_eq!(
            replaced("{{args.braces}} {{args.quote}} } {", &arguments()).unwrap(),
            "{{args.hash}} a\"b } {"
        );
    }

    #[test]
    fn what_is_no_argument_is_refused_by_name() {
        for text in ["{{args.other}}", "{{hash}}", "{{}}", "{{args.hash"] {
            assert!(replaced(text, &arguments()).is_err(), "{text}");
        }
        assert!(replaced("{{args.other}}", &arguments()).unwrap_err().contains("{{args.other}}"));
    }
}
