//! What is to be judged: from files and arguments to a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rehearsal::judge::{Arguments, Plan};
use rehearsal::manifest::{AnalysisTemplate, Documents, Scope, Templates};

use crate::cli::Gate;

/// Most of the manifests that is read, in bytes.
const MAX_MANIFESTS: u64 = 16 * 1024 * 1024;

/// The plan that the arguments of the command ask for.
///
/// # Errors
/// If something cannot be read, is missing, or is not known here.
pub fn plan(gate: &Gate) -> Result<Plan> {
    let documents = documents(gate)?;
    let templates = templates(gate, &documents)?;
    let arguments = arguments(&gate.arguments)?;
    check_names(&arguments, &templates)?;
    let mut plan = Plan::new(&templates, &arguments, &[])?;
    if let Some(address) = &gate.prometheus {
        plan.metrics.iter_mut().for_each(|metric| metric.source.address.clone_from(address));
    }
    for metric in &plan.metrics {
        metric.source.check().with_context(|| format!("metric {}", metric.name))?;
    }
    Ok(if gate.once { plan.once() } else { plan })
}

fn documents(gate: &Gate) -> Result<Documents> {
    let mut documents = Documents::default();
    for file in &gate.files {
        let place = || file.display().to_string();
        let text = read(file).with_context(place)?;
        documents.0.extend(Documents::read(&text).with_context(place)?.0);
    }
    if let Some(namespace) = &gate.namespace {
        documents.0.retain(|document| document.namespace.as_ref().is_none_or(|of| of == namespace));
    }
    Ok(documents)
}

fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file)?)
    };
    source.take(MAX_MANIFESTS + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= MAX_MANIFESTS, "more than {MAX_MANIFESTS} bytes");
    Ok(text)
}

fn templates(gate: &Gate, documents: &Documents) -> Result<Vec<AnalysisTemplate>> {
    let templates = Templates::of(documents);
    let names = gate.templates.iter().map(|name| templates.choose(Some(name)));
    let mut refs = names.collect::<Result<Vec<_>, _>>()?;
    if refs.is_empty() {
        refs.push(templates.choose(None).context("--template says which is meant")?);
    }
    Ok(templates.collect(&refs)?)
}

/// `NAME=VALUE` and `NAME=@FILE`.
fn arguments(given: &[String]) -> Result<Arguments> {
    let mut arguments = BTreeMap::new();
    for argument in given {
        let (name, value) = argument.split_once('=').context("--arg is written NAME=VALUE")?;
        let value = match value.strip_prefix('@') {
            Some(file) => {
                read(Path::new(file)).with_context(|| format!("--arg {name}: {file}"))?.trim_end().to_owned()
            }
            None => value.to_owned(),
        };
        ensure!(arguments.insert(name.to_owned(), value).is_none(), "--arg {name} is given twice");
    }
    Ok(Arguments(arguments))
}

/// A Rollout may give what nobody asks for. On a command line, that is a slip.
fn check_names(arguments: &Arguments, templates: &[AnalysisTemplate]) -> Result<()> {
    let declared: BTreeSet<_> =
        templates.iter().flat_map(|template| &template.args).map(|argument| &argument.name).collect();
    if let Some(strange) = arguments.0.keys().find(|name| !declared.contains(name)) {
        let kinds: Vec<_> = templates
            .iter()
            .map(|template| format!("{} {}", Scope::kind(template.scope), template.name))
            .collect();
        bail!("--arg {strange}: there is no such argument in {}", kinds.join(", "));
    }
    Ok(())
}
