//! An application as `spin registry push` makes it.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde_json::{Value, json};
use tests::registry::{Registry, SPIN_APPLICATION, SPIN_ARCHIVE, SPIN_COMPONENT, SPIN_FILE};
use tests::slipway::{Options, workspace};

/// Where the application is pushed to.
pub const REPOSITORY: &str = "acme/shop";

/// A file that comes by itself, one that comes inside the application, and one that comes packed.
pub const FILES: [(&str, &str); 3] =
    [("docs/notes.txt", "some notes"), ("hi.txt", "hi"), ("packed/deep/far.txt", "from far")];

/// The code of a guest.
pub fn guest(name: &str) -> Result<Vec<u8>> {
    Ok(std::fs::read(workspace().join(format!("target/wasm32-wasip2/component/guest_{name}.wasm")))?)
}

/// Two components: `front` answers everything and has files, variables and a database; `classic` answers `/p2`.
///
/// Gives the digest of its manifest.
pub async fn push(registry: &Registry, tag: &str) -> Result<String> {
    let front = registry.push(REPOSITORY, SPIN_COMPONENT, &guest("p3")?).await?;
    let classic = registry.push(REPOSITORY, "application/wasm", &guest("p2")?).await?;
    let [notes, hi, far] = FILES.map(|(_, content)| content.as_bytes());
    let notes = registry.push(REPOSITORY, SPIN_FILE, notes).await?;
    let archive = registry.push(REPOSITORY, SPIN_ARCHIVE, &pack("far.txt", far)?).await?;
    let application =
        application(&front, &classic, &notes, &BASE64.encode(hi), &tests::registry::digest(far));
    let application = registry.push(REPOSITORY, SPIN_APPLICATION, application.to_string().as_bytes()).await?;
    let config = registry.push(REPOSITORY, "application/vnd.oci.image.config.v1+json", b"{}").await?;
    registry.tag(REPOSITORY, tag, config, vec![front, classic, notes, archive, application]).await
}

fn application(front: &Value, classic: &Value, notes: &Value, hi: &str, far: &str) -> Value {
    let source = |layer: &Value| json!({ "content_type": "application/wasm", "digest": layer["digest"] });
    json!({
        "spin_lock_version": 1,
        "must_understand": ["host_requirements"],
        "host_requirements": { "local_service_chaining": "required" },
        "metadata": { "name": "shop", "trigger": { "type": "http" }, "triggers": { "http": {} } },
        "variables": { "level": { "default": "low" }, "colour": {} },
        "triggers": [
            { "id": "one", "trigger_type": "http", "trigger_config": { "component": "front", "route": "/..." } },
            { "id": "two", "trigger_type": "http", "trigger_config":
                { "component": "classic", "route": "/p2", "executor": { "type": "http" } } },
        ],
        "components": [
            { "id": "classic", "source": source(classic) },
            {
                "id": "front",
                "metadata": { "databases": ["default"], "key_value_stores": ["default"] },
                "source": source(front),
                "env": { "COLOUR": "green" },
                "files": [
                    { "path": FILES[0].0, "digest": notes["digest"] },
                    { "path": FILES[1].0, "inline": hi, "digest": tests::registry::digest(b"hi") },
                    { "path": FILES[2].0, "digest": far },
                ],
                "config": { "level": "{{ level }}", "colour": "very {{ colour }}" },
            },
        ],
    })
}

/// A gzipped tar archive with one file.
fn pack(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join(name), content)?;
    let packed = Command::new("tar").arg("-czf-").arg("-C").arg(folder.path()).arg(".").output()?;
    ensure!(packed.status.success(), "tar: {}", String::from_utf8_lossy(&packed.stderr));
    Ok(packed.stdout)
}

/// Pushes the second guest by itself, as `wkg oci push` does.
pub async fn push_component(registry: &Registry, repository: &str) -> Result<String> {
    let layer = registry.push(repository, "application/wasm", &guest("p2")?).await?;
    let config = registry.push(repository, "application/vnd.wasm.config.v0+json", b"{}").await?;
    registry.tag(repository, "1.0", config, vec![layer]).await
}

/// `slipway up` of a reference, without the credentials of whoever runs the tests.
pub fn options(reference: &str, scratch: &Path) -> Options {
    let mut options = Options { manifest: reference.into(), ..Options::default() };
    options.env.push(("HOME".into(), scratch.display().to_string()));
    options.env.push(("DOCKER_CONFIG".into(), scratch.display().to_string()));
    options.with_admin().arg("--drain-delay=0s").variable("colour", "red").state_dir(&scratch.join("state"))
}
