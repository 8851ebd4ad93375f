//! From a reference to an application that is at hand.

use std::path::Path;
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use toml::{Table, Value};

use super::archive;
use super::artifact::{Artifact, Descriptor, MAX_APPLICATION};
use super::credentials;
use super::digest::Digest;
use super::error::PullError;
use super::locked;
use super::reference::Reference;
use super::registry::{MAX_MANIFEST, Registry};
use super::store::Store;

/// Layers that are pulled side by side.
const PARALLEL: usize = 4;

/// Time that all of it may take.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// The id of a component that comes without an application.
const COMPONENT: &str = "component";

/// How a registry is to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// By plain HTTP.
    pub insecure: bool,
    /// File with credentials, in place of the usual ones.
    pub credentials: Option<&'a Path>,
}

/// The table of a `spin.toml` that says the same as the artifact, and what of the artifact it cannot say. Content is
/// kept in `folder`: a reference with a digest whose content is there is not asked for again.
///
/// # Errors
/// If it cannot be had, or is nothing that can be served.
pub async fn pull(
    reference: &Reference,
    access: Access<'_>,
    folder: &Path,
) -> Result<(Table, Vec<String>), PullError> {
    let store = Store::open(folder)?;
    let pulled = tokio::time::timeout(DEADLINE, at_hand(reference, access, &store)).await;
    let artifact = pulled.map_err(|_| PullError::Late)??;
    let read = match artifact {
        Artifact::Application { locked, archives, .. } => application(&locked, &archives, &store)?,
        Artifact::Component(component) => (alone(reference, &component, &store)?, Vec::new()),
    };
    store.sweep(SystemTime::now());
    Ok(read)
}

/// The artifact, all of whose content is in the store.
async fn at_hand(reference: &Reference, access: Access<'_>, store: &Store) -> Result<Artifact, PullError> {
    let known = reference.digest().and_then(|digest| store.read(digest, MAX_MANIFEST));
    if let Some(manifest) = &known {
        let artifact = Artifact::parse(manifest)?;
        if absent(&artifact, store).is_empty() {
            tracing::info!(%reference, "nothing to pull");
            return Ok(artifact);
        }
    }
    let credentials = credentials::find(reference, access.credentials)?;
    let registry = Registry::new(reference, credentials, access.insecure)?;
    let manifest = match known {
        Some(manifest) => manifest,
        None => registry.manifest().await?,
    };
    let digest = Digest::of(&manifest);
    if let Some(expected) = reference.digest().filter(|expected| **expected != digest) {
        let what = "the manifest".to_owned();
        return Err(PullError::Altered { what, expected: expected.clone(), found: digest });
    }
    let artifact = Artifact::parse(&manifest)?;
    let absent = absent(&artifact, store);
    let pulls = stream::iter(&absent).map(|layer| registry.blob(layer, store)).buffer_unordered(PARALLEL);
    pulls.try_for_each(|_| async { Ok(()) }).await?;
    // Last, so that a manifest in the store tells that its content was there.
    store.put(&manifest)?;
    tracing::info!(%reference, %digest, layers = absent.len(), "pulled");
    Ok(artifact)
}

fn absent(artifact: &Artifact, store: &Store) -> Vec<Descriptor> {
    let mut absent: Vec<Descriptor> = Vec::new();
    for layer in artifact.layers() {
        let is_known = absent.iter().any(|other| other.digest == layer.digest);
        if !is_known && store.find(&layer.digest).is_none() {
            absent.push(layer.clone());
        }
    }
    absent
}

fn application(
    locked: &Descriptor,
    archives: &[Descriptor],
    store: &Store,
) -> Result<(Table, Vec<String>), PullError> {
    for descriptor in archives {
        let archive = store.find(&descriptor.digest).ok_or_else(|| vanished(descriptor))?;
        archive::unpack(&archive, store)?;
    }
    if locked.size > MAX_APPLICATION {
        return Err(PullError::TooLarge { what: "the application".to_owned(), limit: MAX_APPLICATION });
    }
    let json = store.read(&locked.digest, MAX_APPLICATION).ok_or_else(|| vanished(locked))?;
    locked::to_manifest(&json, store).map_err(PullError::Malformed)
}

/// The manifest of a component that answers everything and is granted nothing, as for `spin up -f FILE.wasm`.
fn alone(reference: &Reference, component: &Descriptor, store: &Store) -> Result<Table, PullError> {
    let source = store.find(&component.digest).ok_or_else(|| vanished(component))?;
    let table = |entries: &[(&str, Value)]| -> Value {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Table>().into()
    };
    let name = reference.repository().rsplit('/').next().unwrap_or(COMPONENT);
    let source = table(&[("source", source.to_string_lossy().into_owned().into())]);
    let trigger = table(&[("route", "/...".into()), ("component", COMPONENT.into())]);
    let root = [
        ("spin_manifest_version", Value::Integer(2)),
        ("application", table(&[("name", name.into())])),
        ("trigger", table(&[("http", Value::Array(vec![trigger]))])),
        ("component", table(&[(COMPONENT, source)])),
    ];
    Ok(root.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn vanished(descriptor: &Descriptor) -> PullError {
    PullError::Malformed(format!("{} has vanished from the folder of pulled content", descriptor.digest))
}
