//! What stands around the replicas: the database, the double of GitHub, its repositories.

use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;
use tempfile::TempDir;

use super::ledger::Database;
use super::plan::SECRET;
use super::settings::{DatabaseKind, Settings};
use super::targets;
use crate::github::{GithubDouble, Options as GithubOptions, RefName, Repository};
use crate::postgres::Postgres;
use crate::slipway::{Options, program};

/// Everything but the replicas. What it has started ends when it is dropped.
pub(super) struct Scene {
    pub(super) github: GithubDouble,
    pub(super) repositories: Vec<Repository>,
    pub(super) database: Database,
    /// How each replica is started.
    pub(super) options: Options,
    _postgres: Option<Postgres>,
    _folder: TempDir,
}

impl Scene {
    pub(super) async fn set(settings: &Settings) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let github = GithubDouble::start(GithubOptions::new(folder.path().join("github")))?;
        let repositories = repositories(&github)?;
        let options = options(settings, &github)?;
        let (postgres, database, options) = match settings.database {
            DatabaseKind::Postgres => {
                let postgres = Postgres::start().await?;
                migrate(&postgres.url())?;
                let options = options
                    .variable("database", "postgres")
                    .variable("database_url", &postgres.url())
                    .variable("database_origin", &postgres.origin());
                let database = Database::Postgres { url: postgres.url() };
                (Some(postgres), database, options)
            }
            DatabaseKind::Sqlite => {
                ensure!(settings.replicas == 1, "SQLite is a file in the state folder of one replica");
                let state = folder.path().join("state");
                let database = Database::Sqlite { file: state.join(crate::database::FILE_NAME) };
                (None, database, options.state_dir(&state))
            }
        };
        Ok(Self { github, repositories, database, options, _postgres: postgres, _folder: folder })
    }

    /// The files of the branches: a look at one costs nothing, and it changes at the very moment of a commit.
    pub(super) fn branch_files(&self) -> Vec<PathBuf> {
        let file = |(name, branch): (&str, &str)| {
            let repository = self.repositories.iter().find(|it| it.name().to_string() == name)?;
            Some(repository.dir().join("refs/heads").join(branch))
        };
        targets::branches().into_iter().filter_map(file).collect()
    }
}

fn repositories(github: &GithubDouble) -> anyhow::Result<Vec<Repository>> {
    let mut repositories = Vec::new();
    for (name, files) in targets::repositories() {
        let repository = github.create_repository(name, &files)?;
        let head = repository.head()?;
        for (_, branch) in targets::branches().into_iter().filter(|(of, _)| *of == name) {
            let branch = RefName::branch(branch)?;
            if repository.reference(&branch)?.is_none() {
                ensure!(repository.compare_and_swap(&branch, None, &head)?, "the branch {branch} is there");
            }
        }
        repositories.push(repository);
    }
    Ok(repositories)
}

fn options(settings: &Settings, github: &GithubDouble) -> anyhow::Result<Options> {
    let mut options = Options::default()
        .with_admin()
        .arg("--sweep-every=1s")
        .variable("github_webhook_secret", SECRET)
        .variable("github_token", github.token())
        .variable("github_api_url", github.base_url())
        .variable("github_origin", github.base_url())
        .variable("targets", &targets::toml());
    for variable in &settings.variables {
        let Some((name, value)) = variable.split_once('=') else {
            anyhow::bail!("{variable:?} is not NAME=VALUE");
        };
        options = options.variable(name, value);
    }
    Ok(options)
}

fn migrate(url: &str) -> anyhow::Result<()> {
    let migrated = Command::new(program()?).args(["migrate", "up"]).env("DATABASE_URL", url).output()?;
    ensure!(migrated.status.success(), "slipway migrate: {}", String::from_utf8_lossy(&migrated.stderr));
    Ok(())
}
