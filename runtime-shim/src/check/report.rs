//! What is shown of an application that can be served.

use std::collections::BTreeSet;
use std::fmt;

use crate::manifest::{Component, Manifest, TriggerRoute};
use crate::source::Source;

/// The application; shown as a table.
pub(super) struct Report {
    pub source: Source,
    pub manifest: Manifest,
    pub rows: Vec<Row>,
}

/// One component, as texts.
pub(super) struct Row([String; 4]);

const HEADINGS: [&str; 4] = ["COMPONENT", "ROUTES", "BYTES", "IMPORTS"];

impl Row {
    /// `imports` are the interfaces that it imports, if it was compiled.
    pub fn new(
        manifest: &Manifest,
        index: usize,
        component: &Component,
        imports: Option<Vec<String>>,
    ) -> Self {
        let size = std::fs::metadata(&component.source).map(|metadata| metadata.len().to_string());
        let imports = imports.map_or_else(|| "not looked at".to_owned(), |imports| packages(&imports));
        Self([
            component.id.clone(),
            routes(manifest, index),
            size.unwrap_or_else(|_| "?".to_owned()),
            imports,
        ])
    }
}

fn routes(manifest: &Manifest, component: usize) -> String {
    let own = manifest.triggers.iter().filter(|trigger| trigger.component == component);
    let routes: Vec<&str> = own
        .map(|trigger| match &trigger.route {
            TriggerRoute::Path(route) => route.as_str(),
            TriggerRoute::Private => "(private)",
        })
        .collect();
    if routes.is_empty() { "(none)".to_owned() } else { routes.join(" ") }
}

/// The packages of interfaces, each once: `wasi:http` of `wasi:http/types@0.3.0`.
fn packages(imports: &[String]) -> String {
    let packages: BTreeSet<&str> =
        imports.iter().filter_map(|import| import.split(['/', '@']).next()).collect();
    if packages.is_empty() { "none".to_owned() } else { Vec::from_iter(packages).join(" ") }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.manifest.application.name;
        writeln!(f, "{name}: {} can be served\n", self.source)?;
        let headings = HEADINGS.map(str::to_owned);
        let rows = || std::iter::once(&headings).chain(self.rows.iter().map(|Row(cells)| cells));
        let width = |cell: fn(&[String; 4]) -> &String| {
            rows().map(|row| cell(row).chars().count()).max().unwrap_or(0)
        };
        let (id, routes, bytes) = (width(|row| &row[0]), width(|row| &row[1]), width(|row| &row[2]));
        for [component, paths, size, imports] in rows() {
            writeln!(f, "{component:id$}  {paths:routes$}  {size:>bytes$}  {imports}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::HttpTrigger;

    #[test]
    fn the_table_is_aligned_and_names_each_package_once() {
        let trigger = |route, component| HttpTrigger { route, component };
        let path = |route: &str| TriggerRoute::Path(route.to_owned());
        let manifest = Manifest {
            application: crate::manifest::Application { name: "shop".into(), ..Default::default() },
            variables: Default::default(),
            triggers: vec![
                trigger(path("/..."), 0),
                trigger(path("/cart/:id"), 0),
                trigger(TriggerRoute::Private, 1),
            ],
            components: vec![
                Component { id: "front".into(), ..Component::default() },
                Component { id: "mail".into(), ..Component::default() },
            ],
        };
        let imports = ["wasi:io/poll@0.2.6", "wasi:http/types@0.3.0", "wasi:http/client@0.3.0"];
        let imports = Some(imports.map(str::to_owned).to_vec());
        let rows = vec![
            Row::new(&manifest, 0, &manifest.components[0], imports),
            Row::new(&manifest, 1, &manifest.components[1], None),
        ];
        let report = Report { source: Source::File("spin.toml".into()), manifest, rows };
        let expected = "\
shop: spin.toml can be served

COMPONENT  ROUTES          BYTES  IMPORTS
front      /... /cart/:id      ?  wasi:http wasi:io
mail       (private)           ?  not looked at
";
        assert_eq!(report.to_string(), expected);
    }
}
