//! The databases and key-value stores that an application may use, by label.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::host::key_value::{Store, Stores};
use crate::host::sqlite::{Database, Databases};
use crate::manifest::Component;
use crate::runtime_config::RuntimeConfig;

/// The label that is there without being configured.
const DEFAULT: &str = "default";

/// File of the default database in the state folder; the same as in Spin.
const DATABASE_FILE: &str = "sqlite_db.db";

/// File of the default key-value store in the state folder; the same as in Spin.
const STORE_FILE: &str = "sqlite_key_value.db";

/// All databases and stores.
pub struct Storage {
    folders: Vec<PathBuf>,
    databases: BTreeMap<String, Arc<Database>>,
    stores: BTreeMap<String, Arc<Store>>,
}

impl Storage {
    /// Those of the runtime configuration, and the default ones in `state` where it names none. Files are created when
    /// they are first used.
    pub fn new(state: &Path, config: &RuntimeConfig) -> Self {
        let databases = files(&config.sqlite_databases, state.join(DATABASE_FILE));
        let stores = files(&config.key_value_stores, state.join(STORE_FILE));
        let folders = databases.values().chain(stores.values()).filter_map(|file| file.parent());
        let folders = folders.map(Path::to_owned).collect();
        let store = |(label, path): (String, _)| (label.clone(), Store::new(label, Database::new(path)));
        Self {
            folders,
            databases: databases.into_iter().map(|(label, path)| (label, Database::new(path))).collect(),
            stores: stores.into_iter().map(store).collect(),
        }
    }

    /// Makes the folders of all files, so that one that cannot be made is told before the first request.
    ///
    /// # Errors
    /// If a folder cannot be created.
    pub fn create_folders(&self) -> anyhow::Result<()> {
        let create = |folder: &Path| {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
        };
        self.folders.iter().map(PathBuf::as_path).try_for_each(create)
    }

    /// What `component` asks for, or a sentence for each thing that is not there.
    ///
    /// # Errors
    /// The sentences.
    pub fn grant(&self, component: &Component) -> Result<(Databases, Stores), Vec<String>> {
        let (mut databases, mut stores, mut problems) = (Databases::default(), Stores::default(), Vec::new());
        let mut missing = |kind, key, label, known: Vec<&str>| {
            problems.push(format!(
                "component {}: there is no {kind} {label:?}, only {}: others are set up by [{key}.{label}] in the runtime-config file",
                component.id,
                known.join(", ")
            ));
        };
        for label in &component.sqlite_databases {
            match self.databases.get(label) {
                Some(database) => databases.grant(label.clone(), Arc::clone(database)),
                None => missing("SQLite database", "sqlite_database", label, labels(&self.databases)),
            }
        }
        for label in &component.key_value_stores {
            match self.stores.get(label) {
                Some(store) => stores.grant(Arc::clone(store)),
                None => missing("key-value store", "key_value_store", label, labels(&self.stores)),
            }
        }
        if problems.is_empty() { Ok((databases, stores)) } else { Err(problems) }
    }
}

fn labels<T>(known: &BTreeMap<String, T>) -> Vec<&str> {
    known.keys().map(String::as_str).collect()
}

/// The files by label.
fn files(configured: &BTreeMap<String, PathBuf>, default: PathBuf) -> BTreeMap<String, PathBuf> {
    let mut files = configured.clone();
    files.entry(DEFAULT.to_owned()).or_insert(default);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(databases: &[&str], stores: &[&str]) -> Component {
        let owned = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect();
        Component {
            id: "shop".into(),
            sqlite_databases: owned(databases),
            key_value_stores: owned(stores),
            ..Component::default()
        }
    }

    #[test]
    fn the_default_ones_need_no_configuration_and_others_do() {
        let state = tempfile::tempdir().unwrap();
        let storage = Storage::new(state.path(), &RuntimeConfig::default());
        assert!(storage.grant(&component(&["default"], &["default"])).is_ok());
        let problems = storage.grant(&component(&["finance"], &["carts"])).err().unwrap();
        assert_eq!(problems.len(), 2);
        assert!(problems[0].starts_with("component shop: there is no SQLite database \"finance\""));
        assert!(problems[1].contains("[key_value_store.carts]"));
    }

    #[test]
    fn folders_of_configured_files_are_made() {
        let state = tempfile::tempdir().unwrap();
        let config = RuntimeConfig {
            key_value_stores: [("carts".into(), state.path().join("deep/down/carts.db"))].into(),
            ..RuntimeConfig::default()
        };
        let storage = Storage::new(state.path(), &config);
        assert!(storage.grant(&component(&[], &["default", "carts"])).is_ok());
        assert!(!state.path().join("deep").exists());
        storage.create_folders().unwrap();
        assert!(state.path().join("deep/down").is_dir());
    }
}
