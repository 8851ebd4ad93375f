//! Compiled components on disk, seen from outside: `slipway compile`, and `slipway up` on good and bad folders.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tests::slipway::{Options, Slipway, program, workspace};

/// An application of one small component, and room for its cache.
struct Application {
    scratch: TempDir,
}

impl Application {
    fn new() -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let source = workspace().join("target/wasm32-wasip2/component/guest_p2.wasm");
        let manifest = format!(
            r#"
            spin_manifest_version = 2
            application = {{ name = "small" }}
            [[trigger.http]]
            route = "/..."
            component = "p2"
            [component.p2]
            source = {source:?}
            "#
        );
        fs::write(scratch.path().join("spin.toml"), manifest)?;
        Ok(Self { scratch })
    }

    fn manifest(&self) -> PathBuf {
        self.scratch.path().join("spin.toml")
    }

    /// Not there yet.
    fn cache(&self) -> PathBuf {
        self.scratch.path().join("cache")
    }

    fn options(&self) -> Options {
        Options { manifest: self.manifest(), ..Options::default() }
            .cache_dir(&self.cache())
            .arg("--log-format=json")
            .arg("--drain-delay=0s")
    }

    /// Fills the cache by a first start.
    async fn filled() -> Result<Self> {
        let application = Self::new()?;
        assert_eq!(start(application.options()).await?, Start { cached: 0, compiled: 1 });
        Ok(application)
    }

    /// The one file in the cache.
    fn entry(&self) -> Result<PathBuf> {
        let files = fs::read_dir(self.cache())?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
        let [file] = files.as_slice() else { anyhow::bail!("not one file: {files:?}") };
        Ok(file.clone())
    }
}

/// Where the components of a start came from.
#[derive(Debug, PartialEq, Eq)]
struct Start {
    cached: u64,
    compiled: u64,
}

/// Starts, makes sure that it serves, and ends.
async fn start(options: Options) -> Result<Start> {
    let slipway = Slipway::start(options).await?;
    told(&slipway).await
}

async fn told(slipway: &Slipway) -> Result<Start> {
    let answer = slipway.get("/").await?;
    ensure!((answer.status, answer.text().as_str()) == (200, "1"), "{} {}", answer.status, answer.text());
    let line = line(slipway, "components loaded").context("nothing was said of components")?;
    let count = |name: &str| line[name].as_u64().with_context(|| format!("no {name} in {line}"));
    Ok(Start { cached: count("cached")?, compiled: count("compiled")? })
}

/// The first log line with this message.
fn line(slipway: &Slipway, message: &str) -> Option<Value> {
    let log = slipway.log();
    let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find(|line| line["message"].as_str().is_some_and(|text| text.contains(message)))
}

fn warned(slipway: &Slipway, text: &str) -> bool {
    line(slipway, text).is_some_and(|line| line["level"] == "WARN")
}

fn ready_ms(slipway: &Slipway) -> Result<f64> {
    line(slipway, "ready")
        .and_then(|line| line["ready_ms"].as_f64())
        .context("it does not say when it was ready")
}

/// Root may write anywhere; without its powers, it is a user like others.
fn without_powers(options: Options) -> Options {
    let runner =
        if rustix::process::geteuid().is_root() { vec!["setpriv", "--bounding-set", "-all"] } else { vec![] };
    Options { runner: runner.into_iter().map(str::to_owned).collect(), ..options }
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}

#[tokio::test]
async fn the_second_start_is_faster_and_serves_the_same() -> Result<()> {
    let application = Application::new()?;
    let first = Slipway::start(application.options()).await?;
    assert_eq!(told(&first).await?, Start { cached: 0, compiled: 1 });
    let second = Slipway::start(application.options()).await?;
    assert_eq!(told(&second).await?, Start { cached: 1, compiled: 0 });
    let (slow, fast) = (ready_ms(&first)?, ready_ms(&second)?);
    assert!(fast < slow, "{fast} ms with, {slow} ms without");
    Ok(())
}

#[tokio::test]
async fn only_the_owner_can_read_and_write_what_a_start_keeps() -> Result<()> {
    let application = Application::filled().await?;
    let mode = |path: &Path| Ok::<_, anyhow::Error>(fs::metadata(path)?.mode() & 0o777);
    assert_eq!((mode(&application.cache())?, mode(&application.entry()?)?), (0o700, 0o600));
    Ok(())
}

#[tokio::test]
async fn flipped_bytes_are_found_and_the_component_is_compiled_again() -> Result<()> {
    let application = Application::filled().await?;
    let entry = application.entry()?;
    let good = fs::read(&entry)?;
    let places = [0, 15, 16, 47, 48, 80, 111, 112, 113, 176, good.len() / 3, good.len() / 2, good.len() - 1];
    for place in places {
        let mut bad = good.clone();
        bad[place] ^= 0x10;
        fs::write(&entry, bad)?;
        let slipway = Slipway::start(application.options()).await?;
        assert_eq!(told(&slipway).await?, Start { cached: 0, compiled: 1 }, "byte {place}");
        assert!(warned(&slipway, "is not used"), "byte {place}");
        assert_eq!(start(application.options()).await?, Start { cached: 1, compiled: 0 }, "mended");
    }
    Ok(())
}

#[tokio::test]
async fn cut_files_and_files_of_another_component_are_not_used() -> Result<()> {
    let application = Application::filled().await?;
    let entry = application.entry()?;
    let good = fs::read(&entry)?;
    let other = tempfile::tempdir()?;
    compile(&workspace().join("tests/guests/one-route.toml"), other.path())?;
    let other = fs::read(fs::read_dir(other.path())?.next().context("nothing was compiled")??.path())?;
    for bad in [&good[..0], &good[..100], &good[..4_096], &good[..good.len() - 1], &other] {
        fs::write(&entry, bad)?;
        assert_eq!(
            start(application.options()).await?,
            Start { cached: 0, compiled: 1 },
            "{} bytes",
            bad.len()
        );
    }
    Ok(())
}

#[tokio::test]
async fn files_that_others_can_write_are_not_used() -> Result<()> {
    let application = Application::filled().await?;
    for mode in [0o620, 0o602, 0o666] {
        set_mode(&application.entry()?, mode)?;
        let slipway = Slipway::start(application.options()).await?;
        assert_eq!(told(&slipway).await?, Start { cached: 0, compiled: 1 }, "{mode:o}");
        assert!(warned(&slipway, "others can write to it"));
    }
    Ok(())
}

#[tokio::test]
async fn files_of_another_user_are_not_used() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TESTED: only root can give files away; the rule itself has unit tests");
        return Ok(());
    }
    let application = Application::filled().await?;
    chown(application.entry()?, Some(12_345), None)?;
    let slipway = Slipway::start(application.options()).await?;
    assert_eq!(told(&slipway).await?, Start { cached: 0, compiled: 1 });
    assert!(warned(&slipway, "it belongs to user 12345"));
    Ok(())
}

#[tokio::test]
async fn a_folder_that_others_can_write_is_not_used_at_all() -> Result<()> {
    let application = Application::filled().await?;
    let before = fs::metadata(application.entry()?)?.modified()?;
    set_mode(&application.cache(), 0o777)?;
    let slipway = Slipway::start(application.options()).await?;
    assert_eq!(slipway.get("/").await?.status, 200);
    assert!(warned(&slipway, "others can write to it"));
    assert!(line(&slipway, "components loaded").is_none());
    assert_eq!(fs::metadata(application.entry()?)?.modified()?, before, "neither read nor written");
    Ok(())
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_costs_one_warning() -> Result<()> {
    let application = Application::new()?;
    fs::create_dir(application.cache())?;
    set_mode(&application.cache(), 0o555)?;
    let manifest = workspace().join("tests/guests/spin.toml");
    let options = Options { manifest, ..without_powers(application.options()) };
    let slipway = Slipway::start(options.with_admin()).await?;
    assert_eq!(slipway.get("/hello").await?.text(), "hello");
    assert_eq!(slipway.log().matches("cannot be written").count(), 1, "two components, one warning");
    assert_eq!(fs::read_dir(application.cache())?.count(), 0);

    let folder = application.manifest();
    let slipway = Slipway::start(application.options().cache_dir(&folder)).await?;
    assert_eq!(slipway.get("/").await?.status, 200);
    assert!(warned(&slipway, "compiled components are not kept"), "a file where the folder should be");
    Ok(())
}

#[tokio::test]
async fn without_a_cache_nothing_is_kept() -> Result<()> {
    let application = Application::new()?;
    let state = application.scratch.path().join("state");
    let options = Options { cache_dir: None, ..application.options() };
    let slipway = Slipway::start(options.state_dir(&state).arg("--no-cache")).await?;
    assert_eq!(slipway.get("/").await?.status, 200);
    assert!(!state.join("cache").exists() && line(&slipway, "components loaded").is_none());
    Ok(())
}

#[tokio::test]
async fn two_starts_at_once_on_one_folder_do_no_harm() -> Result<()> {
    let application = Application::new()?;
    for _ in 0..3 {
        let (one, other) = tokio::join!(start(application.options()), start(application.options()));
        for start in [one?, other?] {
            assert_eq!(start.cached + start.compiled, 1);
        }
        assert_eq!(start(application.options()).await?, Start { cached: 1, compiled: 0 });
        fs::remove_file(application.entry()?)?;
    }
    Ok(())
}

#[tokio::test]
async fn what_was_compiled_ahead_is_used_from_a_read_only_folder() -> Result<()> {
    let application = Application::new()?;
    let lines = compile(&application.manifest(), &application.cache())?;
    assert!(lines.starts_with("p2: ") && lines.contains(" bytes, ") && lines.contains(" ms: "), "{lines}");
    assert!(compile(&application.manifest(), &application.cache())?.contains("there already"));
    assert_eq!(
        fs::metadata(application.entry()?)?.mode() & 0o777,
        0o644,
        "another user reads it in an image"
    );
    set_mode(&application.entry()?, 0o444)?;
    set_mode(&application.cache(), 0o555)?;
    let slipway = Slipway::start(without_powers(application.options())).await?;
    assert_eq!(told(&slipway).await?, Start { cached: 1, compiled: 0 });
    assert!(!slipway.log().contains("WARN"), "{}", slipway.log());
    Ok(())
}

#[tokio::test]
async fn what_was_compiled_for_every_processor_is_used_where_there_is_nothing_better() -> Result<()> {
    let application = Application::new()?;
    compile_with(&application.manifest(), &application.cache(), &["--portable"])?;
    let portable = application.entry()?;
    assert_eq!(start(application.options()).await?, Start { cached: 1, compiled: 0 });
    assert_eq!(application.entry()?, portable, "nothing was added");
    let lines = compile(&application.manifest(), &application.cache())?;
    assert!(lines.contains(" ms: "), "what fits this processor is another file: {lines}");
    Ok(())
}

#[tokio::test]
async fn a_start_removes_what_was_not_used_for_long() -> Result<()> {
    let application = Application::filled().await?;
    let old = application.cache().join(format!("{:064x}.cwasm", 1));
    File::create(&old)?.set_modified(SystemTime::now() - Duration::from_secs(31 * 24 * 60 * 60))?;
    let own = application.cache().join("notes.txt");
    fs::write(&own, "not ours")?;
    assert_eq!(start(application.options()).await?, Start { cached: 1, compiled: 0 });
    assert!(!old.exists() && own.exists());
    Ok(())
}

/// Runs `slipway compile`.
fn compile(manifest: &Path, folder: &Path) -> Result<String> {
    compile_with(manifest, folder, &[])
}

fn compile_with(manifest: &Path, folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program()?);
    let output =
        command.arg("compile").arg("-f").arg(manifest).arg("-o").arg(folder).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
