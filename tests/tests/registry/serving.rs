//! What was pushed is served as if its manifest lay on disk.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tests::registry::Registry;
use tests::slipway::{Slipway, program};

use super::application::{FILES, REPOSITORY, options, push, push_component};

#[tokio::test]
async fn an_application_is_served_with_its_files_variables_and_routes() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    push(&registry, "1.2").await?;
    let reference = format!("{}/{REPOSITORY}:1.2", registry.host());
    let slipway = Slipway::start(options(&reference, scratch.path())).await?;
    assert_eq!(slipway.get("/hello").await?.text(), "hello");
    assert_eq!(slipway.get("/p2").await?.text(), "1");
    assert_eq!(slipway.get("/variable?level").await?.text(), "low");
    assert_eq!(slipway.get("/variable?colour").await?.text(), "very red");
    assert_eq!(slipway.get("/environment?COLOUR").await?.text(), "green");
    for (name, content) in FILES {
        assert_eq!(slipway.get(&format!("/file?/{name}")).await?.text(), content, "{name}");
    }
    assert_ne!(slipway.get("/write?/hi.txt").await?.text(), "written");
    assert_eq!(slipway.get("/sqlite").await?.text(), "1");
    Ok(())
}

/// See `constructDeployment` in
/// <https://github.com/spinkube/spin-operator/blob/main/internal/controller/spinapp_controller.go>.
#[tokio::test]
async fn the_arguments_of_spinkube_serve_a_part_of_an_application() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    push(&registry, "1.2").await?;
    let config = scratch.path().join("runtime-config.toml");
    std::fs::write(&config, "[[variables_provider]]\ntype = \"static\"\nvalues = { level = \"high\" }\n")?;
    let reference = format!("{}/{REPOSITORY}:1.2", registry.host());
    let options = options(&reference, scratch.path());
    let options = options.arg("--runtime-config-file").arg(&config.display().to_string());
    let slipway = Slipway::start(options.arg("--component-id").arg("front")).await?;
    assert_eq!(slipway.get("/variable?level").await?.text(), "high");
    assert_eq!(slipway.get("/p2").await?.status, 404, "`front` answers it, and does not know it");
    Ok(())
}

#[tokio::test]
async fn a_component_by_itself_answers_everything() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    push_component(&registry, "acme/tools/counter").await?;
    let reference = format!("{}/acme/tools/counter:1.0", registry.host());
    let mut options = options(&reference, scratch.path());
    options.variables.clear();
    let slipway = Slipway::start(options).await?;
    assert_eq!(slipway.get("/").await?.text(), "1");
    assert_eq!(slipway.get("/any/where").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn what_was_pulled_by_digest_needs_no_registry_any_more() -> Result<()> {
    let (mut registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    let digest = push(&registry, "1.2").await?;
    let exact = format!("{}/{REPOSITORY}:1.2@{digest}", registry.host());
    let mut first = Slipway::start(options(&exact, scratch.path())).await?;
    first.kill()?;
    registry.stop()?;
    let second = Slipway::start(options(&exact, scratch.path())).await?;
    assert_eq!(second.get("/file?/packed/deep/far.txt").await?.text(), "from far");
    assert!(second.log().contains("nothing to pull"));
    // A tag may have moved, so what it named before is not served in its place.
    let moving = format!("{}/{REPOSITORY}:1.2", registry.host());
    let mut third = Slipway::spawn(&options(&moving, scratch.path()))?;
    assert_eq!(third.wait(Duration::from_secs(30)).await?.code(), Some(1));
    assert!(third.log().contains("the registry cannot be reached"), "{}", third.log());
    Ok(())
}

#[tokio::test]
async fn content_that_was_changed_on_disk_is_pulled_again() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    let digest = push(&registry, "1.2").await?;
    let exact = format!("{}/{REPOSITORY}@{digest}", registry.host());
    Slipway::start(options(&exact, scratch.path())).await?.kill()?;
    let notes = tests::registry::digest(FILES[0].1.as_bytes()).replace("sha256:", "");
    let kept = scratch.path().join("state/oci/blobs/sha256").join(notes);
    std::fs::write(&kept, "other notes")?;
    let slipway = Slipway::start(options(&exact, scratch.path())).await?;
    assert_eq!(slipway.get("/file?/docs/notes.txt").await?.text(), FILES[0].1);
    Ok(())
}

#[tokio::test]
async fn check_and_compile_take_references_too() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    push(&registry, "1.2").await?;
    let reference = format!("{}/{REPOSITORY}:1.2", registry.host());
    let mut check = Command::new(program()?);
    let checked = check.args(["check", "-f", &reference, "--variable", "colour=red"]).output()?;
    let table = String::from_utf8(checked.stdout)?;
    assert!(table.contains(&format!("{reference} can be served")) && table.contains("classic"), "{table}");
    let unset = Command::new(program()?).args(["check", "-f", &reference]).output()?;
    assert!(!unset.status.success() && String::from_utf8(unset.stderr)?.contains("colour"));

    let (output, state) = (scratch.path().join("compiled"), scratch.path().join("state"));
    let mut compile = Command::new(program()?);
    let compiled = compile
        .args(["compile", "-f", &reference, "-o"])
        .arg(&output)
        .arg("--state-dir")
        .arg(&state)
        .output()?;
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let slipway = Slipway::start(options(&reference, scratch.path()).cache_dir(&output)).await?;
    assert!(slipway.log().contains("cached=2 compiled=0"), "{}", slipway.log());
    Ok(())
}
