//! Full payloads: everything that real ones carry, so that a receiver has something to be confused by.

use serde_json::{Map, Value, json};

use super::push::Push;

/// GitHub has no time for a version that was just pushed.
const NO_TIME: &str = "0001-01-01T00:00:00Z";
const PACKAGE_ID: u64 = 9_056_324;
const VERSION_ID: u64 = 564_296_960;

/// Payload of `registry_package` or `package`; they differ by the name of their main object.
pub fn of(push: &Push, event: &str) -> Value {
    let mut payload = Map::new();
    payload.insert("action".to_owned(), json!(push.action));
    payload.insert(event.to_owned(), package(push));
    payload.insert("repository".to_owned(), repository(push));
    payload.insert("organization".to_owned(), organization(push));
    payload.insert("sender".to_owned(), account(&format!("{}-ci", push.owner), "User"));
    Value::Object(payload)
}

fn package(push: &Push) -> Value {
    json!({
        "id": PACKAGE_ID,
        "name": push.package,
        "namespace": push.owner,
        "description": "",
        "ecosystem": "CONTAINER",
        "package_type": "CONTAINER",
        "html_url": format!("https://github.com/{}/packages/{PACKAGE_ID}", push.owner),
        "created_at": "2025-09-19T19:21:05Z",
        "updated_at": "2025-11-03T13:50:26Z",
        "owner": account(&push.owner, "Organization"),
        "package_version": version(push),
        "registry": {
            "about_url": "https://docs.github.com/packages/learn-github-packages/introduction-to-github-packages",
            "name": "GitHub CONTAINER registry",
            "type": "CONTAINER",
            "url": format!("https://CONTAINER.pkg.github.com/{}", push.owner),
            "vendor": "GitHub Inc",
        },
    })
}

fn version(push: &Push) -> Value {
    let digest = push.digest().unwrap_or_default();
    let reference = format!("{}:{}", push.image(), push.tag());
    let packages = format!("https://github.com/orgs/{}/packages", push.owner);
    let html_url = format!("{packages}/container/{}/{VERSION_ID}", push.package);
    json!({
        "id": VERSION_ID,
        "version": digest,
        "name": digest,
        "description": "",
        "summary": "",
        "manifest": "",
        "html_url": html_url,
        "target_commitish": "main",
        "target_oid": push.source_commit().unwrap_or_default(),
        "created_at": NO_TIME,
        "updated_at": NO_TIME,
        "metadata": [],
        "container_metadata": container_metadata(push),
        "package_files": [],
        "author": account(&format!("{}-ci", push.owner), "User"),
        "installation_command": format!("docker pull {reference}"),
        "package_url": reference,
    })
}

fn container_metadata(push: &Push) -> Value {
    let mut metadata = json!({
        "tag": { "name": push.tag() },
        "labels": {
            "description": "",
            "source": "",
            "revision": push.source_commit().unwrap_or_default(),
            "image_url": "",
            "licenses": "",
            "all_labels": push.labels,
        },
    });
    if let Some(digest) = push.digest() {
        metadata["tag"]["digest"] = json!(digest);
        metadata["manifest"] = json!({
            "digest": digest,
            "media_type": "application/vnd.oci.image.manifest.v1+json",
            "uri": format!("repositories/{}/{}/manifests/{digest}", push.owner, push.package),
            "size": 685,
            "config": { "digest": "", "media_type": "", "size": 0 },
            "layers": [],
        });
    }
    metadata
}

fn repository(push: &Push) -> Value {
    // The source repository need not be called what the image is called.
    let name = "source";
    let full_name = format!("{}/{name}", push.owner);
    json!({
        "id": 1_060_841_726,
        "node_id": "R_kgDOPzso_g",
        "name": name,
        "full_name": full_name,
        "private": true,
        "owner": account(&push.owner, "Organization"),
        "html_url": format!("https://github.com/{full_name}"),
        "description": null,
        "fork": false,
        "url": format!("https://api.github.com/repos/{full_name}"),
        "created_at": "2025-09-20T17:01:44Z",
        "updated_at": "2025-11-03T13:49:02Z",
        "pushed_at": "2025-11-03T13:48:58Z",
        "default_branch": "main",
        "visibility": "private",
        "archived": false,
        "disabled": false,
        "topics": [],
    })
}

fn organization(push: &Push) -> Value {
    json!({
        "login": push.owner,
        "id": 7_076_013,
        "node_id": "O_kgDOAGv4rQ",
        "url": format!("https://api.github.com/orgs/{}", push.owner),
        "description": "",
    })
}

fn account(login: &str, kind: &str) -> Value {
    json!({
        "login": login,
        "id": 7_076_013,
        "node_id": "MDQ6VXNlcjcwNzYwMTM=",
        "avatar_url": "https://avatars.githubusercontent.com/u/7076013?v=4",
        "gravatar_id": "",
        "url": format!("https://api.github.com/users/{login}"),
        "html_url": format!("https://github.com/{login}"),
        "type": kind,
        "site_admin": false,
    })
}
