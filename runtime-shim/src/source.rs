//! Where an application comes from: a manifest on disk, or a registry.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::assemble::Problems;
use crate::cli::RegistryAccess;
use crate::manifest::{Manifest, ManifestErrors, whole};
use crate::oci::{self, Reference};

/// Folder for databases, beside the manifest, where nothing else is asked for.
const DEFAULT_STATE: &str = ".slipway";

/// Folder of what was pulled, in the state folder.
const PULLED: &str = "oci";

/// Where an application comes from.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    /// This manifest.
    File(PathBuf),
    /// A registry.
    Registry(Reference),
}

impl Source {
    /// What `-f` means, by Spin's rules: what exists is a manifest, or a folder with one; what does not, and looks like a
    /// reference, is one.
    pub fn infer(from: &Path) -> Self {
        if from.is_dir() {
            return Self::File(from.join("spin.toml"));
        }
        let text = from.to_str().filter(|text| !from.exists() && Reference::is_likely(text));
        match text.and_then(|text| text.parse().ok()) {
            Some(reference) => Self::Registry(reference),
            None => Self::File(from.to_owned()),
        }
    }

    /// What relative paths begin at.
    pub fn folder(&self) -> PathBuf {
        let parent = match self {
            Self::File(file) => file.parent(),
            Self::Registry(_) => None,
        };
        match parent {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// The state folder where no other is asked for.
    pub fn default_state(&self) -> PathBuf {
        self.folder().join(DEFAULT_STATE)
    }

    /// The manifest. What has to be pulled is kept in the state folder.
    ///
    /// # Errors
    /// Everything that is wrong with it, or why it cannot be had.
    pub async fn load(&self, access: &RegistryAccess, state: &Path) -> Result<Manifest> {
        let examined = self.examine(access, state).await?;
        Ok(whole(examined).map_err(|ManifestErrors(problems)| Problems(problems))?)
    }

    /// What can be understood of the manifest, and what is wrong with it.
    ///
    /// # Errors
    /// If it cannot be had, or not be understood at all.
    pub async fn examine(&self, access: &RegistryAccess, state: &Path) -> Result<(Manifest, Vec<String>)> {
        match self {
            Self::File(file) => {
                Ok(Manifest::examine(file).map_err(|ManifestErrors(problems)| Problems(problems))?)
            }
            Self::Registry(reference) => {
                let access =
                    oci::Access { insecure: access.insecure, credentials: access.registry_auth.as_deref() };
                // Paths into the folder must hold wherever the manifest is thought to lie.
                let state = std::path::absolute(state)?;
                let pulled = oci::pull(reference, access, &state.join(PULLED)).await;
                let (table, mut problems) = pulled.with_context(|| format!("cannot pull {reference}"))?;
                let (manifest, more) = Manifest::from_table(table);
                problems.extend(more);
                Ok((manifest, problems))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Registry(reference) => write!(f, "{reference}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_goes_before_what_could_be_a_reference() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app:1");
        std::fs::write(&file, "").unwrap();
        assert_eq!(Source::infer(&file), Source::File(file.clone()));
        assert_eq!(Source::infer(folder.path()), Source::File(folder.path().join("spin.toml")));
        let reference = "ghcr.io/acme/app:1".parse().unwrap();
        assert_eq!(Source::infer(Path::new("ghcr.io/acme/app:1")), Source::Registry(reference));
        for missing in ["no-such-folder/spin.toml", "/no/such/file", "no-such.toml"] {
            assert_eq!(Source::infer(Path::new(missing)), Source::File(missing.into()));
        }
    }

    #[test]
    fn state_lies_beside_the_manifest_or_here() {
        let state = |source: Source| source.default_state();
        assert_eq!(state(Source::File("shop/spin.toml".into())), Path::new("shop/.slipway"));
        assert_eq!(state(Source::File("spin.toml".into())), Path::new("./.slipway"));
        assert_eq!(state(Source::Registry("a/b:1".parse().unwrap())), Path::new("./.slipway"));
    }
}
