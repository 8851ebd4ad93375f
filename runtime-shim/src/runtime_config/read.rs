//! Reading the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::RuntimeConfig;
use crate::manifest::{Problems, Section};
use crate::outbound::blocked::BlockedNetworks;
use crate::variables::Provider;

/// Prefix of environment variables, where a provider names none.
const DEFAULT_PREFIX: &str = "SPIN_VARIABLE";

/// Reads the text of a file in `folder`.
pub(super) fn read(text: &str, folder: &Path) -> Result<RuntimeConfig, Vec<String>> {
    let problems = Problems::default();
    let mut root = Section::new("runtime config", parse_toml(text)?, &problems);
    let state_dir = root.optional::<String>("state_dir").filter(|path| !path.is_empty());
    let config = RuntimeConfig {
        state_dir: state_dir.map(PathBuf::from),
        sqlite_databases: read_files(&mut root, "sqlite_database", &["libsql"], Path::new("")),
        key_value_stores: read_files(
            &mut root,
            "key_value_store",
            &["redis", "azure_cosmos", "aws_dynamo"],
            folder,
        ),
        blocked: read_blocked(&mut root),
        providers: read_providers(&mut root),
    };
    root.refuse("llm_compute", "is not supported: no models are offered");
    root.refuse("log_dir", "is not supported: what components write goes to the log");
    root.refuse("client_tls", "is not supported: certificates are those that the machine trusts");
    root.finish();
    let problems = problems.sentences();
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// The parser's own message is not passed on, because it quotes what it stumbles over.
fn parse_toml(text: &str) -> Result<Table, Vec<String>> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        vec![format!("runtime config: line {} is not valid TOML", before.matches('\n').count() + 1)]
    })
}

/// Tables by label that each name a file, relative to `folder`. Types in `refused` are known to Spin.
fn read_files(root: &mut Section, key: &str, refused: &[&str], folder: &Path) -> BTreeMap<String, PathBuf> {
    let Some(labels) = root.optional::<Table>(key) else {
        return BTreeMap::new();
    };
    let read = |(label, value): (String, Value)| match value {
        Value::Table(table) => {
            let mut section = root.part(&format!("[{key}.{label}]"), table);
            match section.required::<String>("type")?.as_str() {
                "spin" => {
                    let path: Option<String> = section.required("path");
                    section.finish();
                    path.map(|path| (label, folder.join(path)))
                }
                kind => {
                    report_type(&section, kind, refused, "\"spin\"");
                    None
                }
            }
        }
        _ => {
            root.report(format_args!("[{key}.{label}] must be a table"));
            None
        }
    };
    labels.into_iter().filter_map(read).collect()
}

/// The addresses that nobody may connect to.
fn read_blocked(root: &mut Section) -> BlockedNetworks {
    let Some(mut section) = root.table("outbound_networking") else {
        return BlockedNetworks::default();
    };
    let entries: Vec<String> = section.or_default("block_networks");
    let reason = "is not supported: `--max-outbound-requests` bounds what a component has open at once";
    section.refuse("max_socket_connections", reason);
    section.refuse("max_total_connections", reason);
    let blocked = BlockedNetworks::parse(&entries).unwrap_or_else(|errors| {
        errors.iter().for_each(|error| section.report(format_args!("`block_networks`: {error}")));
        BlockedNetworks::default()
    });
    section.finish();
    blocked
}

fn report_type(section: &Section, kind: &str, refused: &[&str], offered: &str) {
    section.report(match refused.contains(&kind) {
        true => format!("type {kind:?} is not supported: only {offered} is"),
        false => format!("unknown type {kind:?}: it must be {offered}"),
    });
}

fn read_providers(root: &mut Section) -> Vec<Provider> {
    let mut tables: Vec<Table> = root.or_default("variables_provider");
    if root.has("config_provider") {
        if tables.is_empty() {
            tables = root.or_default("config_provider");
        } else {
            root.refuse(
                "config_provider",
                "is the older name of `variables_provider`: only one can be there",
            );
        }
    }
    let read = |(at, table)| read_provider(root.part(&format!("variables provider {}", at + 1), table));
    tables.into_iter().enumerate().filter_map(read).collect()
}

fn read_provider(mut section: Section) -> Option<Provider> {
    let provider = match section.required::<String>("type")?.as_str() {
        "static" => Some(Provider::Static(section.required("values")?)),
        "env" => {
            let prefix: Option<String> = section.optional("prefix");
            Some(Provider::Environment {
                prefix: prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned()),
                dotenv: section
                    .optional("dotenv_path")
                    .map(|path| read_dotenv(path, &section))
                    .unwrap_or_default(),
            })
        }
        kind => {
            report_type(&section, kind, &["vault", "open_bao", "azure_key_vault"], "\"static\" or \"env\"");
            return None;
        }
    };
    section.finish();
    provider
}

/// The variables in a dotenv file, relative to the working directory. As in Spin, it need not be there.
fn read_dotenv(path: String, section: &Section) -> BTreeMap<String, String> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return BTreeMap::new(),
        Err(error) => {
            section.report(format_args!("`dotenv_path` {path:?} cannot be read: {error}"));
            return BTreeMap::new();
        }
    };
    let mut variables = BTreeMap::new();
    for pair in dotenvy::from_read_iter(text.as_slice()) {
        match pair {
            // Of several values for a name the last counts.
            Ok((name, value)) => drop(variables.insert(name, value)),
            // The error quotes the line, which may be a secret.
            Err(_) => {
                section.report(format_args!(
                    "`dotenv_path` {path:?}: the line behind {} good ones is not `NAME=value`",
                    variables.len()
                ));
                break;
            }
        }
    }
    variables
}
