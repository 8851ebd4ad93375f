//! Values of arguments: those that a run is given, over those that its templates have themselves.

use std::collections::BTreeMap;

use serde_json::Value;

use super::PlanError;
use crate::manifest::{AnalysisTemplate, Argument, PodTemplateHash, RolloutArgument};

/// What a run is given, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments(pub BTreeMap<String, String>);

/// What arguments of a Rollout are taken from.
#[derive(Clone, Copy, Debug)]
pub struct RolloutFacts<'a> {
    /// The whole Rollout.
    pub rollout: &'a Value,
    /// The label `rollouts-pod-template-hash` of the pods that are being released.
    pub latest_hash: &'a str,
    /// That of the pods that were released before.
    pub stable_hash: &'a str,
}

impl Arguments {
    /// Those that a Rollout gives to an analysis.
    ///
    /// # Errors
    /// If one is taken from a field that the Rollout has not.
    pub fn of_rollout(arguments: &[RolloutArgument], facts: &RolloutFacts<'_>) -> Result<Self, PlanError> {
        let values = arguments.iter().map(|argument| Ok((argument.name.clone(), facts.value(argument)?)));
        values.collect::<Result<_, _>>().map(Self)
    }

    /// The value of everything that `templates` want to be told. What they do not ask for is left out.
    pub(super) fn resolve(
        &self,
        templates: &[AnalysisTemplate],
    ) -> Result<BTreeMap<String, String>, PlanError> {
        let declared = declared(templates)?;
        let values = declared.into_values().map(|argument| {
            let value = self.0.get(&argument.name).or(argument.value.as_ref());
            let value = value.ok_or_else(|| missing(argument))?;
            Ok((argument.name.clone(), value.clone()))
        });
        values.collect()
    }
}

/// Each argument once. A value of one template serves the others.
fn declared(templates: &[AnalysisTemplate]) -> Result<BTreeMap<&str, &Argument>, PlanError> {
    let mut declared: BTreeMap<&str, &Argument> = BTreeMap::new();
    for argument in templates.iter().flat_map(|template| &template.args) {
        let Some(before) = declared.get(argument.name.as_str()) else {
            declared.insert(&argument.name, argument);
            continue;
        };
        match (&before.value, &argument.value) {
            (Some(one), Some(other)) if one != other => {
                return Err(PlanError::Argument(
                    argument.name.clone(),
                    "has different values in two templates".to_owned(),
                ));
            }
            (None, _) => _ = declared.insert(&argument.name, argument),
            _ => {}
        }
    }
    Ok(declared)
}

fn missing(argument: &Argument) -> PlanError {
    let from = argument.value_from.as_ref();
    let why = if let Some(secret) = from.and_then(|from| from.secret_key_ref.as_ref()) {
        format!(
            "comes from the key {} of the Secret {}, which only a cluster has: give it a value",
            secret.key, secret.name
        )
    } else if let Some(field) = from.and_then(|from| from.field_ref.as_ref()) {
        format!("comes from the field {} of a Rollout: give it a value", field.field_path)
    } else {
        "has no value".to_owned()
    };
    PlanError::Argument(argument.name.clone(), why)
}

impl RolloutFacts<'_> {
    fn value(&self, argument: &RolloutArgument) -> Result<String, PlanError> {
        let Some(from) = &argument.value_from else { return Ok(argument.value.clone()) };
        if let Some(version) = from.pod_template_hash_value {
            let hash = match version {
                PodTemplateHash::Latest => self.latest_hash,
                PodTemplateHash::Stable => self.stable_hash,
            };
            return Ok(hash.to_owned());
        }
        let Some(field) = &from.field_ref else { return Ok(argument.value.clone()) };
        let found = field_text(self.rollout, &field.field_path);
        found.ok_or_else(|| {
            let why = format!("the Rollout has no single value at {}", field.field_path);
            PlanError::Argument(argument.name.clone(), why)
        })
    }
}

/// The value at `a.b[0].c` or `a.b['c.d']`.
fn field_text(value: &Value, path: &str) -> Option<String> {
    let mut found = value;
    let mut rest = path;
    while !rest.is_empty() {
        let (key, tail) = first_key(rest)?;
        found = match found {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            _ => found.get(key)?,
        };
        rest = tail;
    }
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn first_key(path: &str) -> Option<(&str, &str)> {
    if let Some(inner) = path.strip_prefix('[') {
        let (key, tail) = match inner.chars().next()? {
            quote @ ('\'' | '"') => inner
                .strip_prefix(quote)?
                .split_once(quote)
                .and_then(|(key, tail)| Some((key, tail.strip_prefix(']')?)))?,
            _ => inner.split_once(']')?,
        };
        return Some((key, tail.strip_prefix('.').unwrap_or(tail)));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, tail) = path.split_at(end);
    Some((key, tail.strip_prefix('.').unwrap_or(tail)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(yaml: &str) -> Vec<RolloutArgument> {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn a_rollout_tells_hashes_and_fields() {
        let rollout = json!({"metadata": {"name": "api", "labels": {"app.kubernetes.io/name": "shop"}},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [{"image": "a:1"}]}}}});
        let facts = RolloutFacts { rollout: &rollout, latest_hash: "new", stable_hash: "old" };
        let given = arguments(
            "- {name: canary, valueFrom: {podTemplateHashValue: Latest}}
- {name: stable, valueFrom: {podTemplateHashValue: Stable}}
- {name: service, value: api}
- {name: nothing}
- {name: replicas, valueFrom: {fieldRef: {fieldPath: spec.replicas}}}
- {name: image, valueFrom: {fieldRef: {fieldPath: 'spec.template.spec.containers[0].image'}}}
- {name: app, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app.kubernetes.io/name']\"}}}",
        );
        let Arguments(values) = Arguments::of_rollout(&given, &facts).unwrap();
        let values: Vec<_> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            values,
            ["app=shop", "canary=new", "image=a:1", "nothing=", "replicas=3", "service=api", "stable=old"]
        );
    }

    #[test]
    fn a_field_that_is_not_there_is_refused() {
        let rollout = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"items": [1]}});
        for path in [
            "metadata.name",
            "metadata.labels",
            "spec.items[1]",
            "spec.items[x]",
            "spec.items[0",
            "metadata.labels['a",
        ] {
            assert_eq!(field_text(&rollout, path), None, "{path}");
        }
    }

    fn resolved(templates: &[&str], given: &[(&str, &str)]) -> Result<String, String> {
        let template = |args: &&str| AnalysisTemplate {
            name: "t".to_owned(),
            scope: crate::manifest::Scope::Namespace,
            metrics: Vec::new(),
            args: serde_saphyr::from_str(args).unwrap(),
            dry_run: Vec::new(),
            templates: Vec::new(),
        };
        let templates: Vec<_> = templates.iter().map(template).collect();
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let values = Arguments(given.collect()).resolve(&templates).map_err(|error| error.to_string())?;
        Ok(values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_given_goes_before_what_a_template_has() {
        assert_eq!(resolved(&["[{name: a, value: x}, {name: b}]"], &[("b", "y")]).unwrap(), "a=x b=y");
        assert_eq!(resolved(&["[{name: a, value: x}]"], &[("a", "y"), ("other", "z")]).unwrap(), "a=y");
        assert_eq!(resolved(&["[{name: a, value: ''}]"], &[]).unwrap(), "a=");
    }

    #[test]
    fn a_value_of_one_template_serves_the_others() {
        assert_eq!(resolved(&["[{name: a}]", "[{name: a, value: x}]", "[{name: a}]"], &[]).unwrap(), "a=x");
        assert_eq!(resolved(&["[{name: a, value: x}]", "[{name: a, value: x}]"], &[]).unwrap(), "a=x");
        let refused = resolved(&["[{name: a, value: x}]", "[{name: a, value: y}]"], &[]).unwrap_err();
        assert_eq!(refused, "the argument a has different values in two templates");
    }

    #[test]
    fn what_has_no_value_is_refused_by_name() {
        for (declared, part) in [
            ("[{name: a}]", "a has no value"),
            (
                "[{name: a, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
                "a comes from the key k of the Secret s",
            ),
            (
                "[{name: a, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]",
                "a comes from the field metadata.name",
            ),
        ] {
            let refused = resolved(&[declared], &[]).unwrap_err();
            assert!(refused.contains(part), "{refused}");
            assert_eq!(resolved(&[declared], &[("a", "x")]).unwrap(), "a=x");
        }
    }
}
