//! What cannot be had, or must not be trusted, is told in a sentence, and the process ends with 1.

use std::time::Duration;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tests::registry::{PASSWORD, Registry, USER};
use tests::slipway::{Options, Slipway};
use tokio::net::TcpListener;

use super::application::{FILES, REPOSITORY, options, push};

const DEADLINE: Duration = Duration::from_secs(30);

/// What it writes when it does not start.
async fn refused(options: &Options) -> Result<String> {
    let mut slipway = Slipway::spawn(options)?;
    assert_eq!(slipway.wait(DEADLINE).await?.code(), Some(1));
    Ok(slipway.log())
}

#[tokio::test]
async fn what_the_registry_does_not_have_is_told() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    push(&registry, "1.2").await?;
    for missing in ["acme/shop:1.3", "acme/none:1.2"] {
        let reference = format!("{}/{missing}", registry.host());
        let told = refused(&options(&reference, scratch.path())).await?;
        assert!(told.contains(&format!("cannot pull {reference}: the registry has no {missing}")), "{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_digest_that_nothing_has_is_told() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    push(&registry, "1.2").await?;
    let other = tests::registry::digest(b"another manifest");
    let reference = format!("{}/{REPOSITORY}:1.2@{other}", registry.host());
    let told = refused(&options(&reference, scratch.path())).await?;
    assert!(told.contains(&format!("the registry has no {REPOSITORY}:{other}")), "{told}");
    Ok(())
}

#[tokio::test]
async fn altered_content_is_refused_and_not_kept() -> Result<()> {
    let (registry, scratch) = (Registry::start().await?, tempfile::tempdir()?);
    push(&registry, "1.2").await?;
    let notes = tests::registry::digest(FILES[0].1.as_bytes());
    registry.corrupt(&notes)?;
    let reference = format!("{}/{REPOSITORY}:1.2", registry.host());
    let told = refused(&options(&reference, scratch.path())).await?;
    assert!(told.contains("is not what its digest says") && told.contains(&notes), "{told}");
    let kept = scratch.path().join("state/oci/blobs/sha256").join(notes.replace("sha256:", ""));
    assert!(!kept.exists());
    Ok(())
}

#[tokio::test]
async fn a_start_that_waits_for_its_registry_can_be_ended() -> Result<()> {
    let (silent, scratch) = (TcpListener::bind("127.0.0.1:0").await?, tempfile::tempdir()?);
    let reference = format!("{}/{REPOSITORY}:1.2", silent.local_addr()?);
    let mut slipway = Slipway::spawn(&options(&reference, scratch.path()))?;
    let _connection = silent.accept().await?;
    slipway.sigterm()?;
    assert!(slipway.wait(Duration::from_secs(10)).await?.success());
    Ok(())
}

/// A file of credentials as `docker login` writes it.
fn config(registry: &Registry, password: &str) -> String {
    let auth = BASE64.encode(format!("{USER}:{password}"));
    format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, registry.host())
}

#[tokio::test]
async fn a_closed_registry_opens_to_the_right_credentials_alone() -> Result<()> {
    let (registry, scratch) = (Registry::start_closed().await?, tempfile::tempdir()?);
    push(&registry, "1.2").await?;
    let reference = format!("{}/{REPOSITORY}:1.2", registry.host());
    let options = options(&reference, scratch.path());

    let told = refused(&options).await?;
    assert!(told.contains("asks for credentials, and there are none"), "{told}");

    let file = scratch.path().join("wrong.json");
    std::fs::write(&file, config(&registry, "no-such-pa55word"))?;
    let wrong = options.clone().arg("--registry-auth").arg(&file.display().to_string());
    let told = refused(&wrong).await?;
    assert!(told.contains("refuses the credentials for"), "{told}");
    assert!(!told.contains("no-such-pa55word") && !told.contains(&BASE64.encode("slipway:no-such-pa55word")));

    let absent = options.clone().arg("--registry-auth").arg("/no/such/file.json");
    assert!(refused(&absent).await?.contains("/no/such/file.json cannot be read"));

    // As a mounted Kubernetes secret, which DOCKER_CONFIG names.
    std::fs::write(scratch.path().join(".dockerconfigjson"), config(&registry, PASSWORD))?;
    let mut chatty = options;
    chatty.env.push(("RUST_LOG".into(), "info,slipway=trace,hyper=trace,hyper_util=trace".into()));
    let slipway = Slipway::start(chatty).await?;
    assert_eq!(slipway.get("/hello").await?.text(), "hello");
    let log = slipway.log();
    for secret in [PASSWORD.to_owned(), BASE64.encode(format!("{USER}:{PASSWORD}"))] {
        assert!(!log.contains(&secret), "the log holds a secret");
    }
    Ok(())
}
