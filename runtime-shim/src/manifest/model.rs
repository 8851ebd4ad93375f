//! What a manifest says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::routing::Route;
use crate::variables::Template;

/// A manifest that was found to be in order.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// `[application]`
    pub application: Application,
    /// `[variables]` by name.
    pub variables: BTreeMap<String, Variable>,
    /// `[[trigger.http]]` in the order of the manifest.
    pub triggers: Vec<HttpTrigger>,
    /// `[component.<id>]`, then the components that are written inside a trigger.
    pub components: Vec<Component>,
}

/// What the application is called.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its version, or an empty text.
    pub version: String,
    /// A sentence about it, or an empty text.
    pub description: String,
    /// Who wrote it.
    pub authors: Vec<String>,
}

/// A variable of the application.
#[derive(Debug, Clone, Default)]
pub struct Variable {
    /// The value without another source; a variable that has none is required.
    pub default: Option<String>,
    /// Whether the value must never be shown.
    pub secret: bool,
    /// A sentence about it, or an empty text.
    pub description: String,
}

/// What makes a component run.
#[derive(Debug, Clone)]
pub struct HttpTrigger {
    /// How requests get there.
    pub route: TriggerRoute,
    /// Index into [`Manifest::components`].
    pub component: usize,
}

/// How requests get to a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerRoute {
    /// By a route, see [`crate::routing`].
    Path(String),
    /// Only from other components, which name it as `http://<id>.spin.internal`.
    Private,
}

/// A WebAssembly component and what it is granted.
#[derive(Debug, Clone, Default)]
pub struct Component {
    /// Its id.
    pub id: String,
    /// A sentence about it, or an empty text.
    pub description: String,
    /// The file that holds it, with the directory of the manifest before it.
    pub source: PathBuf,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Files it can read.
    pub files: Vec<FileMount>,
    /// Glob patterns of files left out of [`Self::files`], relative to the directory of the manifest.
    pub exclude_files: Vec<String>,
    /// Its variables by name. Only declared variables of the application are named in them.
    pub variables: BTreeMap<String, Template>,
    /// Hosts it may reach, see [`crate::outbound::allow`]. Only declared variables are named in them.
    pub allowed_outbound_hosts: Vec<Template>,
    /// Labels of its key-value stores.
    pub key_value_stores: Vec<String>,
    /// Labels of its SQLite databases.
    pub sqlite_databases: Vec<String>,
    /// Names of its inference models.
    pub ai_models: Vec<String>,
}

/// Files that a component can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileMount {
    /// A path or glob pattern, relative to the directory of the manifest; the component sees the same path below `/`.
    Pattern(String),
    /// A file or directory at a place of its own.
    Placement {
        /// With the directory of the manifest before it.
        source: PathBuf,
        /// Path in the component.
        destination: String,
    },
}

impl Manifest {
    /// The public routes with the components that they lead to.
    pub fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        self.triggers.iter().filter_map(|trigger| match &trigger.route {
            TriggerRoute::Path(route) => Some(Route { route, component: trigger.component }),
            TriggerRoute::Private => None,
        })
    }
}
