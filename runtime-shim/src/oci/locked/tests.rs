use serde_json::json;

use super::*;
use crate::manifest::{FileMount, Manifest};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

fn problems(app: &Json, store: &Store) -> Vec<String> {
    match to_manifest(app.to_string().as_bytes(), store) {
        Ok((table, problems)) => [problems, Manifest::from_table(table).1].concat(),
        Err(problem) => vec![problem],
    }
}

/// One component whose code is `wasm`, with more fields.
fn app(more: Json) -> Json {
    let mut component = json!({
        "id": "front",
        "source": { "content_type": "application/wasm", "digest": Digest::of(b"wasm").to_string() },
    });
    component.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "spin_lock_version": 1,
        "metadata": { "name": "shop", "triggers": { "http": {} }, "trigger": { "type": "http" }, "origin": "x" },
        "triggers": [{
            "id": "trigger-front",
            "trigger_type": "http",
            "trigger_config": { "component": "front", "route": "/...", "executor": null },
        }],
        "components": [component],
    })
}

/// All that a manifest can say is the same after it was pushed.
#[test]
fn an_application_is_what_its_manifest_was() {
    let (folder, store) = store();
    let wasm = store.put(b"wasm").unwrap();
    let notes = store.put(b"notes").unwrap();
    let toml = format!(
        r#"
        spin_manifest_version = 2
        [application]
        name = "shop"
        version = "1.2.3"
        description = "sells"
        authors = ["A"]
        [application.trigger.http]
        base = "/"
        [variables]
        level = {{ default = "1", description = "how much" }}
        token = {{ required = true, secret = true }}
        [[trigger.http]]
        id = "one"
        route = "/..."
        component = "front"
        executor = {{ type = "http" }}
        [[trigger.http]]
        id = "two"
        route = {{ private = true }}
        component = "back"
        [component.back]
        source = {wasm:?}
        [component.front]
        description = "in front"
        source = {wasm:?}
        environment = {{ MODE = "fast" }}
        files = [{{ source = {notes:?}, destination = "/docs/notes.txt" }}]
        allowed_outbound_hosts = ["http://back.spin.internal"]
        key_value_stores = ["default"]
        sqlite_databases = ["default", "finance"]
        ai_models = ["llama"]
        variables = {{ bearer = "Bearer {{{{ token }}}}" }}
        "#
    );
    let digest = |content: &[u8]| Digest::of(content).to_string();
    let source = json!({ "content_type": "application/wasm", "digest": digest(b"wasm") });
    let locked = json!({
        "spin_lock_version": 1,
        "must_understand": ["host_requirements"],
        "host_requirements": { "local_service_chaining": "required", "time_travel": "optional" },
        "metadata": {
            "name": "shop", "version": "1.2.3", "description": "sells", "authors": ["A"],
            "trigger": { "type": "http", "base": "/" }, "triggers": { "http": { "base": "/" } },
        },
        "variables": {
            "level": { "default": "1", "description": "how much" },
            "token": { "secret": true },
        },
        "triggers": [
            { "id": "one", "trigger_type": "http", "trigger_config":
                { "component": "front", "route": "/...", "executor": { "type": "http" } } },
            { "id": "two", "trigger_type": "http", "trigger_config":
                { "component": "back", "route": { "private": true } } },
        ],
        "components": [
            { "id": "back", "source": source.clone() },
            {
                "id": "front",
                "metadata": {
                    "description": "in front",
                    "build": { "command": "make" },
                    "allowed_outbound_hosts": ["http://back.spin.internal"],
                    "key_value_stores": ["default"],
                    "databases": ["default", "finance"],
                    "ai_models": ["llama"],
                },
                "source": source,
                "env": { "MODE": "fast" },
                "files": [{ "digest": digest(b"notes"), "path": "docs/notes.txt" }],
                "config": { "bearer": "Bearer {{ token }}" },
            },
        ],
    });
    let (table, problems) = to_manifest(locked.to_string().as_bytes(), &store).unwrap();
    assert_eq!(problems, [""; 0]);
    let (from_registry, problems) = Manifest::from_table(table);
    assert_eq!(problems, [""; 0]);
    let from_file = Manifest::parse(&toml, folder.path()).unwrap();
    assert_eq!(format!("{from_registry:#?}"), format!("{from_file:#?}"));
}

#[test]
fn small_files_come_inside_the_application() {
    let (_folder, store) = store();
    store.put(b"wasm").unwrap();
    for inline in ["aGk", "aGk="] {
        let app = app(json!({ "files": [{ "inline": inline, "path": "hi.txt" }] }));
        let (table, problems) = to_manifest(app.to_string().as_bytes(), &store).unwrap();
        assert_eq!(problems, [""; 0]);
        let (manifest, _) = Manifest::from_table(table);
        let FileMount::Placement { source, destination } = &manifest.components[0].files[0] else {
            panic!("it is placed");
        };
        assert_eq!((std::fs::read(source).unwrap(), &**destination), (b"hi".to_vec(), "/hi.txt"));
    }
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    let (_folder, store) = store();
    store.put(b"wasm").unwrap();
    let told = |more: Json| problems(&app(more), &store).join("\n");
    assert_eq!(told(json!({})), "");
    let absent = Digest::of(b"absent").to_string();
    assert!(told(json!({ "dependencies": { "a:b/c": {} } })).contains("`dependencies` are not supported"));
    assert!(
        told(json!({ "trigger_dependencies": { "middleware": [] } })).contains("middleware is not supported")
    );
    assert!(told(json!({ "source": { "digest": absent } })).contains("is not part of the artifact"));
    assert!(told(json!({ "source": {} })).contains("neither a digest nor content"));
    assert!(told(json!({ "files": [{ "inline": "!", "path": "a" }] })).contains("is not base64"));
    let outside = json!({ "files": [{ "inline": "", "path": "../../etc/passwd" }] });
    assert!(told(outside).contains("must not contain `..`"));
    assert!(told(json!({ "host_requirements": { "gpu": "required" } })).contains("requires \"gpu\""));
}

#[test]
fn what_is_no_application_is_told() {
    let (_folder, store) = store();
    store.put(b"wasm").unwrap();
    let with = |key: &str, value: Json| {
        let mut app = app(json!({}));
        app[key] = value;
        problems(&app, &store).join("\n")
    };
    assert!(with("spin_lock_version", json!(2)).contains("version 2"));
    assert!(with("must_understand", json!(["magic"])).contains("\"magic\" must be understood"));
    assert!(with("components", json!(7)).contains("not in the form"));
    let redis = json!([{ "id": "r", "trigger_type": "redis", "trigger_config": { "component": "front" } }]);
    assert!(with("triggers", redis).contains("`redis` is not supported: only `http` is"));
}
