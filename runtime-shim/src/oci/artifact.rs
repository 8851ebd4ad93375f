//! The manifest of an artifact, and which artifacts can be served:
//! <https://github.com/opencontainers/image-spec/blob/main/manifest.md>.

use serde::Deserialize;

use super::digest::Digest;
use super::error::PullError;

/// A Spin application, as JSON: <https://github.com/spinframework/spin/blob/main/crates/oci/src/client.rs>.
const SPIN_APPLICATION: &str = "application/vnd.fermyon.spin.application.v1+config";

/// A component, by Spin and by the Wasm OCI layout: <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>.
const COMPONENTS: [&str; 2] = ["application/vnd.wasm.content.layer.v1+wasm", "application/wasm"];

/// A file of an application.
const FILE: &str = "application/vnd.wasm.content.layer.v1+data";

/// Files of an application, packed.
const ARCHIVE: &str = "application/vnd.wasm.content.bundle.v1.tar+gzip";

/// Manifests that are asked for. Indexes are not: what they lead to differs from one machine to the next.
pub(super) const ACCEPTED: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// Most layers; Spin packs files together where there would be more.
const MAX_LAYERS: usize = 500;

/// Most bytes of one layer.
const MAX_LAYER: u64 = 512 * 1024 * 1024;

/// Most bytes of all layers together.
const MAX_LAYERS_SIZE: u64 = 2 * 1024 * 1024 * 1024;

/// Most bytes of an application's JSON.
pub(super) const MAX_APPLICATION: u64 = 8 * 1024 * 1024;

/// Most characters of a parser's complaint that are told.
const MAX_TOLD: usize = 200;

/// Something in a registry, by its content.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Bytes it has.
    pub size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<serde::de::IgnoredAny>,
}

/// What can be served.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Artifact {
    /// A Spin application.
    Application {
        /// Its JSON.
        locked: Descriptor,
        /// Components and files.
        contents: Vec<Descriptor>,
        /// Files, packed.
        archives: Vec<Descriptor>,
    },
    /// One component.
    Component(Descriptor),
}

impl Artifact {
    /// Reads a manifest.
    ///
    /// # Errors
    /// If it is none, leads to something else than is served, or to too much.
    pub fn parse(manifest: &[u8]) -> Result<Self, PullError> {
        let malformed = |why: String| PullError::Malformed(format!("its manifest {why}"));
        // What the parser has to say could quote all of it.
        let told = |error: serde_json::Error| error.to_string().chars().take(MAX_TOLD).collect::<String>();
        let manifest: Manifest = serde_json::from_slice(manifest)
            .map_err(|error| malformed(format!("is not one of OCI: {}", told(error))))?;
        if manifest.manifests.is_some() {
            return Err(malformed("is an index: name one of its manifests by digest".to_owned()));
        }
        let (Some(config), Some(layers)) = (manifest.config, manifest.layers) else {
            return Err(malformed("has no `config` or no `layers`".to_owned()));
        };
        if layers.len() > MAX_LAYERS {
            return Err(malformed(format!("has more than {MAX_LAYERS} layers")));
        }
        let sizes = layers.iter().chain([&config]).map(|layer| layer.size);
        if sizes.clone().any(|size| size > MAX_LAYER) || sizes.fold(0, u64::saturating_add) > MAX_LAYERS_SIZE
        {
            let (one, all) = (MAX_LAYER >> 20, MAX_LAYERS_SIZE >> 20);
            return Err(malformed(format!(
                "has a layer of more than {one} MiB, or more than {all} MiB in all"
            )));
        }
        Self::of(config, layers)
    }

    fn of(config: Descriptor, layers: Vec<Descriptor>) -> Result<Self, PullError> {
        let is_application = |layer: &&Descriptor| layer.media_type == SPIN_APPLICATION;
        // Older versions of Spin have it as the config.
        let locked = layers.iter().find(is_application).or(Some(&config).filter(is_application)).cloned();
        let is_component = |layer: &Descriptor| COMPONENTS.contains(&layer.media_type.as_str());
        if let Some(locked) = locked {
            let is_content = |layer: &Descriptor| is_component(layer) || layer.media_type == FILE;
            let archives = layers.iter().filter(|layer| layer.media_type == ARCHIVE).cloned().collect();
            let contents = layers.into_iter().filter(is_content).collect();
            return Ok(Self::Application { locked, contents, archives });
        }
        match <[Descriptor; 1]>::try_from(layers) {
            Ok([layer]) if is_component(&layer) => Ok(Self::Component(layer)),
            Ok([layer]) => Err(unserved(&config, &[layer])),
            Err(layers) => Err(unserved(&config, &layers)),
        }
    }

    /// Everything to be pulled.
    pub fn layers(&self) -> Vec<&Descriptor> {
        match self {
            Self::Application { locked, contents, archives } => {
                [locked].into_iter().chain(contents).chain(archives).collect()
            }
            Self::Component(component) => vec![component],
        }
    }
}

fn unserved(config: &Descriptor, layers: &[Descriptor]) -> PullError {
    let is_container =
        layers.iter().any(|layer| layer.media_type.contains("image.") && layer.media_type.contains("tar"));
    let hint = if is_container { "it looks like the image of a container; " } else { "" };
    let (config, count) = (&config.media_type, layers.len());
    PullError::Malformed(format!(
        "it is neither a Spin application nor a component: {hint}its config is {config:?}, and it has {count} layers; \
         `spin registry push` makes an application"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(media_type: &str) -> Descriptor {
        Descriptor { media_type: media_type.into(), digest: Digest::of(media_type.as_bytes()), size: 3 }
    }

    fn manifest(config: &str, layers: &[&str]) -> String {
        let json = |media_type: &str| {
            let digest = Digest::of(media_type.as_bytes());
            format!(r#"{{"mediaType": {media_type:?}, "digest": "{digest}", "size": 3}}"#)
        };
        let layers: Vec<String> = layers.iter().map(|layer| json(layer)).collect();
        format!(r#"{{"schemaVersion": 2, "config": {}, "layers": [{}]}}"#, json(config), layers.join(","))
    }

    fn problem(manifest: &str) -> String {
        Artifact::parse(manifest.as_bytes()).unwrap_err().to_string()
    }

    const CONTAINER: &str = "application/vnd.oci.image.config.v1+json";

    #[test]
    fn applications_of_old_and_new_versions_of_spin_are_told() {
        let [component, _] = COMPONENTS;
        let application = Artifact::Application {
            locked: descriptor(SPIN_APPLICATION),
            contents: vec![descriptor(component), descriptor(FILE)],
            archives: vec![descriptor(ARCHIVE)],
        };
        let new = manifest(CONTAINER, &[component, FILE, ARCHIVE, SPIN_APPLICATION, "text/plain"]);
        let old = manifest(SPIN_APPLICATION, &[component, FILE, ARCHIVE]);
        for manifest in [new, old] {
            assert_eq!(Artifact::parse(manifest.as_bytes()).unwrap(), application);
        }
    }

    #[test]
    fn one_component_alone_is_served() {
        for media_type in COMPONENTS {
            let manifest = manifest("application/vnd.wasm.config.v0+json", &[media_type]);
            let artifact = Artifact::parse(manifest.as_bytes()).unwrap();
            assert_eq!(artifact, Artifact::Component(descriptor(media_type)));
        }
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        let container = manifest(CONTAINER, &["application/vnd.oci.image.layer.v1.tar+gzip"]);
        assert!(problem(&container).contains("the image of a container"));
        assert!(problem(&manifest(CONTAINER, &COMPONENTS)).contains("has 2 layers"));
        assert!(problem(r#"{"manifests": []}"#).contains("is an index"));
        assert!(problem("[]").contains("is not one of OCI"));
        assert!(problem("{}").contains("no `config`"));
        assert!(problem("no JSON").contains("is not one of OCI"));
        let huge = manifest(CONTAINER, &["application/wasm"]).replace("\"size\": 3", "\"size\": 99999999999");
        assert!(problem(&huge).contains("more than"));
        let negative = manifest(CONTAINER, &["application/wasm"]).replace("\"size\": 3", "\"size\": -1");
        assert!(problem(&negative).contains("is not one of OCI"));
        let many = vec!["application/wasm"; MAX_LAYERS + 1];
        assert!(problem(&manifest(CONTAINER, &many)).contains("layers"));
        let traversal = manifest(CONTAINER, &["application/wasm"]).replace("sha256:", "sha256:../");
        assert!(problem(&traversal).contains("is not a digest"));
    }
}
