use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{FileMount, Manifest, ManifestErrors, TriggerRoute};

/// The smallest manifest: one component, one trigger.
const SMALL: &str = r#"
    spin_manifest_version = 2
    application.name = "small"
    [[trigger.http]]
    route = "/..."
    component = "app"
    [component.app]
    source = "app.wasm"
"#;

/// A directory with the files that the manifests of these tests name.
fn directory() -> TempDir {
    let directory = TempDir::new().expect("a directory");
    for file in ["app.wasm", "notes.txt"] {
        fs::write(directory.path().join(file), "").expect("a file");
    }
    directory
}

fn parse(text: &str) -> Result<Manifest, ManifestErrors> {
    Manifest::parse(text, directory().path())
}

fn problems(text: &str) -> Vec<String> {
    parse(text).expect_err("a manifest with problems").0
}

/// The problems of [`SMALL`] with more lines at the end of its component.
fn component_problems(lines: &str) -> Vec<String> {
    problems(&format!("{SMALL}{lines}"))
}

/// The problems of [`SMALL`] with another `[[trigger.http]]` behind it.
fn trigger_problems(lines: &str) -> Vec<String> {
    problems(&format!("{SMALL}\n[[trigger.http]]\n{lines}"))
}

#[test]
fn a_full_manifest_is_read_with_all_that_the_host_needs() {
    let directory = directory();
    let manifest = Manifest::parse(include_str!("testdata/full.toml"), directory.path()).expect("a manifest");
    assert_eq!(manifest.application.name, "full");
    assert_eq!(manifest.application.version, "1.2.3");
    assert_eq!(manifest.application.authors, ["A <a@example.com>"]);

    assert_eq!(manifest.variables["origin"].default.as_deref(), Some(""));
    assert!(manifest.variables["token"].secret);
    assert_eq!(manifest.variables["token"].default, None);

    let api = &manifest.components[manifest.triggers[0].component];
    assert_eq!(api.id, "api");
    assert_eq!(api.source, directory.path().join("app.wasm"));
    assert_eq!(api.environment["MODE"], "fast");
    assert_eq!(api.exclude_files, ["assets/secret/*"]);
    assert_eq!(api.variables["bearer"].source(), "Bearer {{ token }}");
    assert_eq!(api.allowed_outbound_hosts.len(), 2);
    assert_eq!(api.sqlite_databases, ["default"]);
    assert_eq!(api.key_value_stores, ["my-store", "my_other_store"]);
    assert_eq!(api.ai_models, ["llama2-chat"]);
    let notes = FileMount::Placement {
        source: directory.path().join("notes.txt"),
        destination: "/docs/notes.txt".to_owned(),
    };
    assert_eq!(api.files, [FileMount::Pattern("assets/**/*.png".to_owned()), notes]);
}

#[test]
fn triggers_lead_to_components_by_id_or_hold_them() {
    let manifest = parse(include_str!("testdata/full.toml")).expect("a manifest");
    let triggers: Vec<_> = manifest
        .triggers
        .iter()
        .map(|trigger| (trigger.route.clone(), manifest.components[trigger.component].id.as_str()))
        .collect();
    let path = |route: &str| TriggerRoute::Path(route.to_owned());
    assert_eq!(
        triggers,
        [
            (path("/api/..."), "api"),
            (TriggerRoute::Private, "worker"),
            (path("/inline"), "front-component"),
            (path("/"), "http-trigger4-component"),
        ]
    );
    let public: Vec<_> = manifest.routes().map(|route| route.route).collect();
    assert_eq!(public, ["/api/...", "/inline", "/"]);
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let expected = include_str!("testdata/wrong.txt");
    assert_eq!(problems(include_str!("testdata/wrong.toml")).join("\n"), expected.trim_end());
}

#[test]
fn only_version_2_is_read() {
    let old = "manifest: version 1 is not supported: `spin doctor` turns it into version 2";
    assert_eq!(problems("spin_manifest_version = \"1\"\nname = \"x\""), [old]);
    assert_eq!(problems("spin_version = \"1\""), [old]);
    assert_eq!(problems("spin_manifest_version = 3"), ["manifest: `spin_manifest_version` must be 2"]);
    assert_eq!(problems("[application]"), ["manifest: `spin_manifest_version = 2` is missing"]);
}

#[test]
fn a_syntax_error_is_reported_with_its_line() {
    let [problem] = &problems("spin_manifest_version = 2\n\n[application\n")[..] else {
        panic!("one problem");
    };
    assert!(problem.starts_with("manifest: line 3 is not valid TOML: "), "{problem}");
}

#[test]
fn a_file_that_cannot_be_read_is_reported_by_its_name() {
    let error = Manifest::load(Path::new("/nowhere/spin.toml")).expect_err("no such file");
    assert!(error.to_string().starts_with("the manifest /nowhere/spin.toml cannot be read: "), "{error}");
}

#[test]
fn paths_are_relative_to_the_manifest_that_is_loaded() {
    let directory = directory();
    let path = directory.path().join("spin.toml");
    fs::write(&path, SMALL).expect("a file");
    let manifest = Manifest::load(&path).expect("a manifest");
    assert_eq!(manifest.components[0].source, directory.path().join("app.wasm"));
}

#[test]
fn a_manifest_without_triggers_or_name_is_refused() {
    assert_eq!(
        problems("spin_manifest_version = 2"),
        ["manifest: `application` is missing", "manifest: `trigger` is missing"]
    );
    assert_eq!(
        problems("spin_manifest_version = 2\n[application]\n[trigger]"),
        ["[application]: `name` is missing", "[trigger]: `http` is missing"]
    );
}

#[test]
fn sources_other_than_files_are_refused_by_name() {
    let with = |source: &str| problems(&SMALL.replace("\"app.wasm\"", source));
    assert_eq!(
        with(r#"{ url = "https://example.com/a.wasm", digest = "sha256:0" }"#),
        [r#"component "app": `source` with a `url` is not supported: download the file and write its path"#]
    );
    assert_eq!(
        with(r#"{ registry = "example.com", package = "a:b", version = "1.0.0" }"#),
        [
            r#"component "app": `source` in a registry is not supported: download the package and write its path"#
        ]
    );
    assert_eq!(with("3"), [r#"component "app": `source` must be the path of a file in quotes"#]);
    assert_eq!(
        with("\"gone.wasm\""),
        [r#"component "app": its `source` "gone.wasm" does not exist: build the component first"#]
    );
}

#[test]
fn dependencies_and_keys_of_spin_1_are_refused_with_advice() {
    assert_eq!(
        component_problems(r#"dependencies = { "a:b" = "1.0" }"#),
        [
            r#"component "app": `dependencies` are not supported: build the component with its dependencies composed into it"#
        ]
    );
    assert_eq!(
        component_problems(r#"allowed_http_hosts = ["example.com"]"#),
        [r#"component "app": `allowed_http_hosts` is of Spin 1: write `allowed_outbound_hosts` instead"#]
    );
}

#[test]
fn keys_for_other_tools_are_passed_over() {
    let text = format!(
        "{SMALL}tool.x.y = 1\ntargets = []\nprofile.debug.source = \"d.wasm\"\n[application.tool.z]\na = 1\n"
    );
    assert!(parse(&text).is_ok());
}

#[test]
fn files_must_stay_in_the_directory_of_the_manifest() {
    assert_eq!(
        component_problems(
            r#"files = ["../x/*", "/etc/*", "assets/.", { source = "gone", destination = "/a/../../b" }, 3]"#
        ),
        [
            r#"component "app": `files`: "../x/*" leads out of the directory of the manifest"#,
            r#"component "app": `files`: "/etc/*" leads out of the directory of the manifest"#,
            r#"component "app": `files`: "assets/." must name files: write `**/*` behind it"#,
            r#"component "app": `files`: `source` "gone" does not exist"#,
            r#"component "app": `files`: `destination` "/a/../../b" must not contain `..`"#,
            r#"component "app": `files` must be patterns in quotes or tables of `source` and `destination`"#,
        ]
    );
}

#[test]
fn routes_are_checked_across_triggers() {
    assert_eq!(
        trigger_problems("component = \"app\"\nroute = \"/*\""),
        [r#"HTTP trigger 2: route "/*" matches the same paths as "/..." of HTTP trigger 1"#]
    );
    assert_eq!(
        trigger_problems("component = \"app\"\nroute = \"/a/.../b\""),
        [r#"HTTP trigger 2: route "/a/.../b": a wildcard is only allowed as the last segment"#]
    );
    assert_eq!(
        trigger_problems("component = \"app\"\nroute = { private = false }"),
        ["HTTP trigger 2: `route`: `private` can only be `true`: write a path for a public route"]
    );
    assert_eq!(
        trigger_problems("component = \"app\"\nroute = 7"),
        ["HTTP trigger 2: `route` must be a path in quotes or `{ private = true }`"]
    );
}

#[test]
fn only_http_triggers_with_plain_components_are_served() {
    assert_eq!(
        problems(&format!("{SMALL}\n[[trigger.redis]]\nchannel = \"x\"\ncomponent = \"app\"")),
        ["[trigger]: `redis` is not supported: only `http` is"]
    );
    assert_eq!(
        trigger_problems("component = \"app\"\nroute = \"/w\"\nexecutor = { type = \"wagi\" }"),
        ["HTTP trigger 2: `executor`: Wagi is not supported: build the component for `wasi:http`"]
    );
    assert_eq!(
        trigger_problems("route = \"/w\"\nstatic_response = { status_code = 204 }"),
        ["HTTP trigger 2: `static_response` is not supported", "HTTP trigger 2: `component` is missing"]
    );
    assert_eq!(
        trigger_problems("component = \"app\"\nroute = \"/w\"\nexecutor = { type = \"cgi\" }"),
        ["HTTP trigger 2: `executor`: unknown type \"cgi\""]
    );
    assert_eq!(
        trigger_problems("component = \"app\"\nroute = \"/w\"\nexecutor = { type = \"http\", argv = \"\" }"),
        ["HTTP trigger 2: `executor`: unknown key `argv`"]
    );
    assert!(parse(&SMALL.replace("route", "executor = { type = \"http\" }\nroute")).is_ok());
}

#[test]
fn a_base_path_is_refused_because_spin_ignores_it() {
    let with = |base: &str| parse(&format!("{SMALL}\n[application.trigger.http]\nbase = \"{base}\"")).err();
    assert_eq!(with("/"), None);
    let refused =
        r#"[application]: `trigger`: `http`: `base` can only be "/": write the whole path into each route"#;
    assert_eq!(with("/app"), Some(ManifestErrors(vec![refused.to_owned()])));
}

#[test]
fn identifiers_keep_to_spins_rules() {
    let with_id = |id: &str| {
        parse(
            &SMALL
                .replace("\"app\"", &format!("{id:?}"))
                .replace("component.app", &format!("component.{id:?}")),
        )
    };
    for id in ["a", "my-app2", "HTTP-app"] {
        assert!(with_id(id).is_ok(), "{id}");
    }
    for id in ["", "my_app", "my--app", "2app", "App", "my-2nd", "-a", "é"] {
        assert_eq!(
            with_id(id).expect_err(id).0,
            [format!("component {id:?}: its id must be words of letters and digits joined by `-`")]
        );
    }
    let with_variable =
        |name: &str| parse(&format!("{SMALL}\n[variables]\n\"{name}\" = {{ default = \"\" }}"));
    for name in ["a", "my_name2"] {
        assert!(with_variable(name).is_ok(), "{name}");
    }
    for name in ["", "my-name", "my__name", "NAME", "a_1"] {
        assert_eq!(
            with_variable(name).expect_err(name).0,
            [format!(
                "variable {name:?}: its name must be lower-case words of letters and digits joined by `_`"
            )]
        );
    }
    let with_label = |label: &str| parse(&format!("{SMALL}sqlite_databases = [{label:?}]"));
    for label in ["default", "my-db", "my_db"] {
        assert!(with_label(label).is_ok(), "{label}");
    }
    for label in ["my-own_db", "my db", ""] {
        assert_eq!(
            with_label(label).expect_err(label).0,
            [format!(
                "component \"app\": `sqlite_databases`: {label:?} must be words of letters and digits joined by `-` or by `_`"
            )]
        );
    }
}
