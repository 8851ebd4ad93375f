//! Where the manifests come from: files, the standard input, or a chart that helm renders.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cli::Rehearse;

/// Most of the manifests that is read, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// All manifests as one stream of documents.
pub fn read(arguments: &Rehearse) -> Result<String> {
    if let Some(chart) = &arguments.chart {
        return rendered(chart, arguments);
    }
    let mut all = String::new();
    for file in &arguments.files {
        let text = content(file).with_context(|| file.display().to_string())?;
        all.push_str(&text);
        all.push_str("\n---\n");
    }
    Ok(all)
}

fn content(file: &Path) -> Result<String> {
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file)?)
    };
    let mut text = String::new();
    source.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= MAX_BYTES, "more than {MAX_BYTES} bytes");
    Ok(text)
}

fn rendered(chart: &Path, arguments: &Rehearse) -> Result<String> {
    let folder = chart.canonicalize().with_context(|| chart.display().to_string())?;
    let name = folder.file_name().and_then(|name| name.to_str()).context("the chart's folder has no name")?;
    let mut helm = Command::new("helm");
    helm.arg("template").arg(name).arg(&folder);
    helm.arg("--namespace").arg(arguments.namespace.as_deref().unwrap_or("default"));
    for values in &arguments.values {
        helm.arg("--values").arg(values);
    }
    let output = helm.output().context("helm cannot be started: https://helm.sh/docs/intro/install")?;
    if !output.status.success() {
        bail!("helm does not render {}: {}", chart.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
