use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{
    MissingVariables, Provider, Resolved, Sources, Template, UnclosedExpression, VariableError, check_name,
    parse_arguments,
};
use crate::manifest::Manifest;

/// A manifest with the given lines under `[variables]` and under the component's `[variables]`.
fn manifest(application: &str, component: &str) -> Manifest {
    let directory = TempDir::new().expect("a directory");
    std::fs::write(directory.path().join("app.wasm"), "").expect("a file");
    let text = format!(
        r#"
        spin_manifest_version = 2
        application.name = "app"
        [variables]
        {application}
        [[trigger.http]]
        route = "/..."
        component = "app"
        [component.app]
        source = "app.wasm"
        [component.app.variables]
        {component}
        "#
    );
    Manifest::parse(&text, directory.path()).expect("a manifest")
}

fn arguments(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Resolves with arguments only.
fn resolve(manifest: &Manifest, pairs: &[(&str, &str)]) -> Result<Resolved, MissingVariables> {
    resolve_from(manifest, pairs, &|_| None, &[])
}

fn resolve_from(
    manifest: &Manifest,
    pairs: &[(&str, &str)],
    environment: &dyn Fn(&str) -> Option<String>,
    providers: &[Provider],
) -> Result<Resolved, MissingVariables> {
    Resolved::new(manifest, &Sources { arguments: &arguments(pairs), environment, providers })
}

fn template(source: &str) -> Template {
    source.parse().expect("a template")
}

#[test]
fn an_argument_wins_over_the_environment_and_that_over_providers_and_those_over_the_default() {
    let manifest = manifest("level = { default = \"default\" }", "level = \"{{ level }}\"");
    let environment = |name: &str| (name == "SPIN_VARIABLE_LEVEL").then(|| "environment".to_owned());
    let empty = |_: &str| None;
    let provider = |value| Provider::Static(arguments(&[("level", value)]));
    let providers = [Provider::Static(arguments(&[("other", "x")])), provider("first"), provider("second")];
    let value = |pairs: &[_], environment: &dyn Fn(&str) -> Option<String>, providers: &[_]| {
        let resolved = resolve_from(&manifest, pairs, environment, providers).expect("values");
        resolved.get("app", "level").expect("a value").to_owned()
    };
    assert_eq!(value(&[], &empty, &[]), "default");
    assert_eq!(value(&[], &empty, &providers), "first");
    assert_eq!(value(&[], &environment, &providers), "environment");
    assert_eq!(value(&[("level", "argument")], &environment, &providers), "argument");
    assert_eq!(value(&[("level", "")], &environment, &providers), "");
}

#[test]
fn component_variables_are_templates_over_those_of_the_application() {
    let manifest = manifest(
        "host = { default = \"db\" }\nport = { default = \"5432\" }",
        "url = \"postgres://{{host}}:{{  port  }}/x}}\"\nfixed = \"text\"",
    );
    let resolved = resolve(&manifest, &[("port", "{{ host }}")]).expect("values");
    assert_eq!(resolved.get("app", "url"), Ok("postgres://db:{{ host }}/x}}"));
    assert_eq!(resolved.get("app", "fixed"), Ok("text"));
}

#[test]
fn a_component_sees_only_its_own_variables() {
    let resolved =
        resolve(&manifest("secret_one = { default = \"x\" }", "own = \"1\""), &[]).expect("values");
    assert!(matches!(resolved.get("app", "secret_one"), Err(VariableError::Undefined(_))));
    assert!(matches!(resolved.get("other", "own"), Err(VariableError::Undefined(_))));
    assert!(matches!(resolved.get("app", "Own"), Err(VariableError::InvalidName(_))));
}

#[test]
fn names_keep_to_spins_rule() {
    for name in ["a", "abc", "a1b2c3", "a_1", "a_1_b_3"] {
        assert_eq!(check_name(name), Ok(()), "{name}");
    }
    for name in ["", "aX", "1bc", "_x", "x.y", "x_", "a__b", "x-y", "é"] {
        assert!(check_name(name).is_err(), "{name}");
    }
}

#[test]
fn all_missing_variables_are_reported_together() {
    let required = "b_key = { required = true }\na_key = { required = true }\nset = { required = true }";
    let missing =
        resolve(&manifest(required, "key = \"{{ a_key }}\""), &[("set", "1")]).expect_err("two are missing");
    assert_eq!(missing.names, ["a_key", "b_key"]);
    assert_eq!(
        missing.to_string(),
        "no value for the required variables `a_key` (SPIN_VARIABLE_A_KEY), `b_key` (SPIN_VARIABLE_B_KEY): \
         give them by `--variable <name>=<value>` or in the environment"
    );
}

#[test]
fn debug_output_masks_secrets_and_whatever_is_made_of_them() {
    let manifest = manifest(
        "token = { required = true, secret = true }\nlevel = { default = \"visible-level\" }",
        "header = \"{{ level }} {{ token }}\"\nlevel = \"{{ level }}\"",
    );
    let resolved = resolve(&manifest, &[("token", "hunter2")]).expect("values");
    assert_eq!(resolved.get("app", "header"), Ok("visible-level hunter2"));
    let shown = format!("{resolved:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    // The application's variable and the component's of the same value, but not what the secret is part of.
    assert_eq!(shown.matches("visible-level").count(), 2, "{shown}");
    assert_eq!(shown.matches("***").count(), 2, "{shown}");
}

#[test]
fn hosts_of_empty_variables_are_left_out() {
    let manifest = manifest("empty = { default = \"\" }\norigin = { default = \"https://a.example\" }", "");
    let resolved = resolve(&manifest, &[]).expect("values");
    let entries =
        ["{{ empty }}", "http://{{ empty }}", "https://{{empty}}", "{{ origin }}", "http://b.example"];
    let hosts = resolved.allowed_hosts(&entries.map(template)).expect("two hosts");
    assert!(hosts.allows("https", "a.example", None) && hosts.allows("http", "b.example", None));
    assert!(!hosts.allows("http", "", None) && !hosts.allows("http", "c.example", None));
    assert!(resolved.allowed_hosts(&[template("")]).is_err());
}

#[test]
fn wrong_hosts_are_reported_without_their_values() {
    let manifest = manifest("url = { required = true, secret = true }", "");
    let resolved = resolve(&manifest, &[("url", "postgres://me:hunter2@db.example/x")]).expect("values");
    let errors =
        resolved.allowed_hosts(&[template("{{ url }}"), template("db:5432")]).expect_err("two errors");
    let [first, second] = &errors[..] else { panic!("two errors: {errors:?}") };
    assert!(first.starts_with("allowed outbound host \"{{ url }}\", with the present values: "), "{first}");
    assert!(!first.contains("hunter2"), "{first}");
    assert!(second.contains("\"db:5432\""), "{second}");
}

#[test]
fn a_template_is_text_and_names() {
    let names = |source: &str| template(source).variables().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(names("{{ a }}-{{b}}{{ a }}"), ["a", "b", "a"]);
    assert!(template("").is_literal() && template("a } b }}").is_literal());
    assert_eq!("{{ a }} {{ b".parse::<Template>(), Err(UnclosedExpression));
    assert_eq!(template("{{ a }}").render(|_| None), Err("a"));
}

/// Files by name, as `--variable` would find them.
fn read(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("key.pem") => Ok("line one\nline two\n".to_owned()),
        Some("vars.toml") => Ok("a = \"from toml\"\nb = \"x\"".to_owned()),
        Some("vars.json") => Ok(r#"{"a": "from json"}"#.to_owned()),
        Some("number.toml") => Ok("a = 5".to_owned()),
        Some("broken.toml") => Ok("a = \"1\"\nb = hunter2".to_owned()),
        Some("broken.json") => Ok("[\"hunter2\"]".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn parse(arguments: &[&str]) -> Result<BTreeMap<String, String>, Vec<String>> {
    parse_arguments(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>(), read)
}

#[test]
fn arguments_give_values_contents_of_files_and_whole_files() {
    assert_eq!(parse(&["a=b=c"]), Ok(arguments(&[("a", "b=c")])));
    assert_eq!(parse(&["a="]), Ok(arguments(&[("a", "")])));
    assert_eq!(parse(&["key=@key.pem"]), Ok(arguments(&[("key", "line one\nline two\n")])));
    assert_eq!(parse(&["@vars.toml"]), Ok(arguments(&[("a", "from toml"), ("b", "x")])));
    assert_eq!(parse(&["@vars.json"]), Ok(arguments(&[("a", "from json")])));
}

#[test]
fn the_last_argument_for_a_name_counts() {
    assert_eq!(parse(&["a=1", "@vars.json"]), Ok(arguments(&[("a", "from json")])));
    assert_eq!(parse(&["@vars.json", "a=1"]), Ok(arguments(&[("a", "1")])));
}

#[test]
fn every_wrong_argument_is_reported_and_no_value_is_shown() {
    let errors = parse(&[
        "hunter2",
        "My-Name=hunter2",
        "key=@gone.pem",
        "@vars.yaml",
        "@number.toml",
        "@broken.toml",
        "@broken.json",
    ])
    .expect_err("seven wrong arguments");
    assert_eq!(
        errors,
        [
            "--variable argument 1 must be `name=value`, `name=@file`, `@file.toml` or `@file.json`",
            "--variable \"My-Name\": a variable name holds only lower-case letters, digits and underscores",
            "--variable file \"gone.pem\" cannot be read: entity not found",
            "--variable file \"vars.yaml\" must end in .toml or .json",
            "--variable file \"number.toml\": the value of \"a\" must be a text in quotes",
            "--variable file \"broken.toml\" is not a table of names and texts (line 2)",
            "--variable file \"broken.json\" is not a table of names and texts (line 1)",
        ]
    );
}

proptest! {
    #[test]
    fn rendering_puts_values_where_the_names_stood(texts in prop::collection::vec("[^{}]{0,6}", 1..5), value in "\\PC{0,6}") {
        let rendered = template(&texts.join("{{ name }}")).render(|name| (name == "name").then_some(value.as_str()))
            .map_err(str::to_owned);
        prop_assert_eq!(rendered, Ok(texts.join(&value)));
    }

    #[test]
    fn no_argument_makes_the_parser_panic(argument in "\\PC{0,20}", template in "[{}a ]{0,12}") {
        let _ = parse(&[&argument]);
        let _ = template.parse::<Template>();
    }
}
