//! The two kinds of components, and a host for both.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::http::HttpResponse;
use tests::slipway::{Options, Slipway, workspace};

/// In which anything here has to happen.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Which interface a component is written for; the paths of both do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    P3,
    P2,
}

impl Kind {
    /// The component's id, which is the value of its label.
    pub fn id(self) -> &'static str {
        match self {
            Self::P3 => "p3",
            Self::P2 => "p2",
        }
    }

    /// Where a path of the component is.
    pub fn path(self, path: &str) -> String {
        match self {
            Self::P3 => path.to_owned(),
            Self::P2 => format!("/p2{path}"),
        }
    }

    /// Asks the component.
    pub async fn get(self, slipway: &Slipway, path: &str) -> Result<HttpResponse> {
        Ok(slipway.get(&self.path(path)).await?)
    }
}

/// A host for both.
pub fn options() -> Options {
    Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() }
        .with_admin()
        .arg("--drain-delay=0s")
}

/// Runs a case with each kind in a process of its own, and looks whether that still serves afterwards.
pub async fn each(options: Options, case: impl AsyncFn(&Slipway, Kind) -> Result<()>) -> Result<()> {
    for kind in [Kind::P3, Kind::P2] {
        one(options.clone(), async |slipway| case(slipway, kind).await)
            .await
            .with_context(|| format!("with {kind:?}"))?;
    }
    Ok(())
}

/// Runs a case in a process of its own, and looks whether that still serves afterwards.
pub async fn one(options: Options, case: impl AsyncFn(&Slipway) -> Result<()>) -> Result<()> {
    let slipway = Slipway::start(options).await?;
    case(&slipway).await.with_context(|| slipway.log())?;
    serves(&slipway).await.context("afterwards")
}

/// Whether both components answer and the host says that it is ready.
async fn serves(slipway: &Slipway) -> Result<()> {
    for (path, text) in [("/hello", "hello"), ("/p2", "1")] {
        let answer = slipway.get(path).await?;
        ensure!((answer.status, answer.text().as_str()) == (200, text), "{path} is answered {answer:?}");
    }
    let ready = slipway.client().get(&slipway.admin_url("/readyz")).await?;
    ensure!(ready.status == 200, "it is not ready: {}", ready.text());
    Ok(())
}
