//! What is released has no faults: cargo says so of the package, and nothing that builds a release asks for features.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tests::slipway::workspace;

/// Whatever builds or ships what users run.
const RELEASING: [&str; 6] = [
    "Dockerfile",
    "deploy/kind",
    "scripts/release",
    ".github/workflows/release.yaml",
    "scripts/image-check",
    "scripts/image-root",
];

/// What turns features on.
const FEATURES: [&str; 3] = ["--features", "--all-features", "-F"];

/// All files at `path`, which may be one.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("{} is missing", path.display()))?;
    let below = entries.map(|entry| files(&entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(below.concat())
}

/// The command lines of `text`: those that go on behind a backslash are one.
fn commands(text: &str) -> Vec<String> {
    text.replace("\\\n", " ").lines().map(str::to_owned).collect()
}

fn asks_for_features(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let is_cargo =
        command.contains("cargo build") || command.contains("cargo run") || command.contains("cargo install");
    is_cargo && words.any(|word| FEATURES.iter().any(|feature| word.starts_with(feature)))
}

#[test]
fn nothing_that_makes_a_release_asks_for_features() -> Result<()> {
    let root = workspace();
    for name in RELEASING {
        for file in files(&root.join(name))? {
            // What is no text builds nothing.
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let asked: Vec<_> =
                commands(&text).into_iter().filter(|command| asks_for_features(command)).collect();
            ensure!(asked.is_empty(), "{}: {asked:?}", file.display());
        }
    }
    Ok(())
}

/// The recipe of a target of the Makefile.
fn recipe<'a>(makefile: &'a str, target: &str) -> Vec<&'a str> {
    let lines = makefile.lines().skip_while(|line| !line.starts_with(&format!("{target}:")));
    lines.skip(1).take_while(|line| line.starts_with('\t')).collect()
}

#[test]
fn make_build_run_and_docker_build_ask_for_no_features() -> Result<()> {
    let makefile = fs::read_to_string(workspace().join("Makefile"))?.replace("\\\n", " ");
    for target in ["build", "run", "docker-build"] {
        let recipe = recipe(&makefile, target);
        ensure!(!recipe.is_empty(), "{target} has no recipe");
        let asked = recipe.iter().any(|line| line.split_whitespace().any(|word| FEATURES.contains(&word)));
        ensure!(!asked, "{target}: {recipe:?}");
    }
    Ok(())
}

#[test]
fn the_package_as_it_is_released_has_no_features() -> Result<()> {
    let cargo = std::env::var_os("CARGO").context("the tests are run by cargo")?;
    // The same selection as `cargo build --package slipway`.
    let tree = Command::new(cargo)
        .args([
            "tree",
            "--offline",
            "--locked",
            "--package",
            "slipway",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p} [{f}]"])
        .current_dir(workspace())
        .output()?;
    ensure!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout)?;
    for package in ["slipway", "rehearsal"] {
        let own = tree.lines().find(|line| line.starts_with(&format!("{package} v")));
        let own = own.with_context(|| format!("{package} is not in the tree:\n{tree}"))?;
        ensure!(own.contains("[]"), "{own}");
    }
    Ok(())
}

#[test]
fn features_that_are_asked_for_are_found() {
    assert!(asks_for_features("cargo build --locked --features faults"));
    assert!(asks_for_features("cargo build --features=slipway/faults"));
    assert_eq!(
        commands("RUN cargo build \\\n  --all-features\nx"),
        ["RUN cargo build    --all-features", "x"]
    );
    assert!(asks_for_features(&commands("cargo build \\\n  --all-features")[0]));
    assert!(!asks_for_features("cargo build --locked --profile dist --package slipway"));
}
