//! The command line of `slipway`.

mod application;
mod help;
mod judge;
mod observability;
mod operations;
mod overload;
#[cfg(feature = "rehearse")]
mod rehearse;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use crate::fault::FaultArguments;
use crate::host::postgres::Settings;
use crate::logging::LogFormat;
use crate::sidecar::arguments::Sidecar;
use crate::sidecar::response_file::{self, ResponseFileError};

pub use application::{ApplicationSource, RegistryAccess};
pub use judge::{Gate, VerdictFormat};
pub use observability::{AccessLogArguments, Header, Tracing};
pub use operations::{Check, Compile, CompiledComponents, Health};
pub use overload::{Clients, Queue};
#[cfg(feature = "rehearse")]
pub use rehearse::{Expectation, Host, Person, Rehearse};

/// Runs Spin applications with metrics, health probes and draining, so that they are released like containers.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, propagate_version = true, after_long_help = help::SLIPWAY)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How log lines look: `text` for people, `json` (one object a line) for collectors.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        env = "SLIPWAY_LOG_FORMAT",
        value_name = "FORMAT",
        help_heading = "Logging"
    )]
    pub log_format: LogFormat,
    /// Least level that is logged: error, warn, info, debug, trace or off. Requests are logged at info; RUST_LOG overrules it.
    #[arg(long, global = true, default_value = "info", value_name = "LEVEL", help_heading = "Logging")]
    pub log_level: LevelFilter,
}

impl Cli {
    /// Reads `arguments`, and those in files that they name as `@FILE`. Ends the process, with help, if they are wrong.
    ///
    /// # Errors
    /// If one of the files cannot be read.
    pub fn read(arguments: Vec<OsString>) -> Result<Self, ResponseFileError> {
        let cli = Self::parse_from(&arguments);
        match &cli.command {
            Command::Sidecar(sidecar) if !sidecar.files.is_empty() => {
                Ok(Self::parse_from(response_file::expand(arguments, &sidecar.files)?))
            }
            _ => Ok(cli),
        }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a Spin application, of a spin.toml or from a registry.
    #[command(after_long_help = help::UP)]
    Up(Box<Up>),
    /// Serve metrics, health probes and draining in front of any HTTP server, as its reverse proxy.
    #[command(after_long_help = help::SIDECAR)]
    Sidecar(Box<Sidecar>),
    /// Bring the ledger's database to the schema of this release, take it back, or show where it is.
    #[command(after_long_help = help::MIGRATE)]
    Migrate(Migrate),
    /// Compile the components of an application ahead of time, as for an image.
    #[command(after_long_help = help::COMPILE)]
    Compile(Compile),
    /// Tell everything that `slipway up` would find wrong, or show what it would serve. Takes the same arguments.
    #[command(after_long_help = help::CHECK)]
    Check(Box<Check>),
    /// Ask a probe: exits with 0 if it answers with 2xx. For container health checks in an image without a shell.
    #[command(after_long_help = help::HEALTH)]
    Health(Health),
    /// Judge AnalysisTemplates against a Prometheus as Argo Rollouts would, and exit with the verdict.
    #[command(after_long_help = help::GATE)]
    Gate(Gate),
    /// Act out a release on this machine, with real processes, a real router and a real Prometheus, and tell how it ends.
    #[cfg(feature = "rehearse")]
    #[command(after_long_help = help::REHEARSE)]
    Rehearse(Box<Rehearse>),
}

/// Arguments of `slipway migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// The database.
    #[command(flatten)]
    pub database: Database,
    /// Where to.
    #[command(subcommand)]
    pub direction: Direction,
}

/// The database to migrate.
#[derive(Args)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// A Postgres database: postgres://USER:PASSWORD@HOST/NAME. On the command line, others can read the password.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// A SQLite file; goes before DATABASE_URL.
    #[arg(long, global = true, value_name = "FILE")]
    pub sqlite: Option<PathBuf>,
}

impl std::fmt::Debug for Database {
    /// The URL may hold a password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Database").field("sqlite", &self.sqlite).finish_non_exhaustive()
    }
}

/// What `slipway migrate` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Direction {
    /// Apply every migration that is missing.
    Up {
        /// Only tell what would be done.
        #[arg(long, help_heading = "What to do")]
        dry_run: bool,
    },
    /// Take the newest migrations back. What only the newer schema can hold is lost.
    Down {
        /// How many migrations, the newest first.
        #[arg(help_heading = "What to do")]
        count: u32,
        /// Only tell what would be done.
        #[arg(long, help_heading = "What to do")]
        dry_run: bool,
    },
    /// List the migrations, and fail if this release cannot work with the schema.
    Status,
}

/// Arguments of `slipway up`.
#[derive(Debug, Args)]
#[command(args_override_self = true, next_help_heading = "Application")]
pub struct Up {
    /// What to serve.
    #[command(flatten)]
    pub application: ApplicationSource,

    /// Address for the application's requests.
    #[arg(
        long,
        env = "SPIN_HTTP_LISTEN_ADDR",
        default_value = "127.0.0.1:3000",
        value_name = "ADDRESS",
        help_heading = "Listeners"
    )]
    pub listen: SocketAddr,

    /// Address for probes, metrics, /drain and internal paths. Without it, probes and metrics share the application's
    /// port, where the application's own routes come first.
    #[arg(long, value_name = "ADDRESS", help_heading = "Listeners")]
    pub admin_listen: Option<SocketAddr>,

    /// Value of an application variable: NAME=VALUE, NAME=@FILE for a file's content, or @FILE for a TOML or JSON file
    /// of variables. May be repeated; SPIN_VARIABLE_<NAME> in the environment is the other way.
    #[arg(long = "variable", visible_alias = "env", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,

    /// Serve only this component, and let it call others that its allowed_outbound_hosts name as
    /// <ID>.spin.internal. May be repeated; routes of all others are gone.
    #[arg(short = 'c', long = "component-id", value_name = "ID")]
    pub component_ids: Vec<String>,

    /// A TOML file of databases, key-value stores and providers of variables, with the keys that Spin has for them; without
    /// it, each is in a SQLite file of the state folder.
    #[arg(long, env = "RUNTIME_CONFIG_FILE", value_name = "FILE")]
    pub runtime_config_file: Option<PathBuf>,

    /// Folder for databases and for what is pulled from registries; if not given, `state_dir` of the runtime-config
    /// file, or `.slipway` beside the manifest, or `.slipway` here for an application from a registry.
    #[arg(long, value_name = "FOLDER")]
    pub state_dir: Option<PathBuf>,

    /// Ask the application, this often, to go on with work that is due: 5s, 1m. Without it nobody asks; in a cluster, a
    /// CronJob does.
    #[arg(long, value_name = "PERIOD", value_parser = humantime::parse_duration)]
    pub sweep_every: Option<Duration>,

    /// Where compiled components are kept.
    #[command(flatten)]
    pub compiled: CompiledComponents,

    /// Limits and times of requests.
    #[command(flatten)]
    pub limits: RequestLimits,

    /// Connections to PostgreSQL.
    #[command(flatten)]
    pub postgres: PostgresPool,

    /// Times of the drain.
    #[command(flatten)]
    pub drain: Drain,

    /// Which requests are logged.
    #[command(flatten)]
    pub access_log: AccessLogArguments,

    /// Where spans go.
    #[command(flatten)]
    pub tracing: Tracing,

    /// What goes wrong on purpose.
    #[command(flatten)]
    pub faults: FaultArguments,
}

/// Limits and times of requests.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits")]
pub struct RequestLimits {
    /// Time a request may take until its answer begins; after it, the client gets a 504.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub request_timeout: Duration,

    /// Time that the body of a request may stand still while the component waits for it; after it, the component gets an
    /// error and the client a 408. Less than a request may take: else slow clients look like a slow application.
    #[arg(long, default_value = "20s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub body_idle_timeout: Duration,

    /// Time a component may go on working after it has answered.
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub background_timeout: Duration,

    /// Time an instance without work is kept for the next request.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub instance_idle: Duration,

    /// Memory that one instance may have, in bytes.
    #[arg(long, env = "SPIN_MAX_INSTANCE_MEMORY", default_value_t = 256 * 1024 * 1024, value_name = "BYTES")]
    pub max_instance_memory: usize,

    /// Requests that are worked on at once, to the end of their answers. The default suits guests that wait for a network
    /// or a database. Guests that compute need no lower one: of those, only about as many as there are processors are
    /// begun at a time, whatever this says.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::engine::MAX_INSTANCES)))]
    pub max_concurrent_requests: u32,

    /// Time that requests may wait for a processor beyond the time in the queue, if none had to for as long before: a burst is served, and
    /// overload that lasts is refused. Clients that do not try again, such as GitHub's webhooks, are worth some seconds.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_burst_time: Duration,

    /// Requests that one instance of a WASIp3 component works on at the same time. Blast radius: a trap, a panic, too much
    /// memory or an endless loop ends the instance, and with it ALL requests that it works on, each with a 500 or 504, and
    /// what it does after answers; their log lines may bear each other's ids. With 1 it is the one request that failed.
    /// More saves memory where guests mostly wait. WASIp2 components always serve one request in an instance.
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_concurrent_requests_per_instance: u16,

    /// Requests to other hosts that one component may have open at once, to the end of their answers; beyond, the guest
    /// gets the error connection-limit-reached at once.
    #[arg(long, default_value_t = 256, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_outbound_requests: u32,

    /// What happens to requests beyond those.
    #[command(flatten)]
    pub queue: Queue,

    /// What clients may do.
    #[command(flatten)]
    pub clients: Clients,
}

/// Connections to PostgreSQL.
#[derive(Debug, Args)]
#[command(next_help_heading = "PostgreSQL")]
pub struct PostgresPool {
    /// Connections to one database that may be open at once.
    #[arg(long, default_value_t = 16, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub postgres_pool_size: u16,

    /// Time to wait for one of them to be free.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub postgres_wait_timeout: Duration,

    /// Time to make a new one.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub postgres_connect_timeout: Duration,

    /// Time a statement may take in the database; without it, what the database has set.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub postgres_statement_timeout: Option<Duration>,

    /// Time after which a connection that nobody uses is closed.
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub postgres_idle_timeout: Duration,
}

impl PostgresPool {
    /// The same as the pools take it.
    pub fn settings(&self) -> Settings {
        Settings {
            size: self.postgres_pool_size.into(),
            wait_timeout: self.postgres_wait_timeout,
            connect_timeout: self.postgres_connect_timeout,
            statement_timeout: self.postgres_statement_timeout,
            idle_timeout: self.postgres_idle_timeout,
        }
    }
}

/// Times of the drain that SIGTERM begins. A second signal ends the process at once.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Drain")]
pub struct Drain {
    /// Time between being unready and accepting no more connections: load balancers need it to notice.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub drain_delay: Duration,

    /// Time that requests in flight have to finish after that.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub drain_timeout: Duration,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// All commands, with what they are called.
    fn commands(command: &clap::Command, name: &str) -> Vec<(String, clap::Command)> {
        let name = format!("{name} {}", command.get_name());
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        let below: Vec<_> = below.flat_map(|below| commands(below, &name)).collect();
        [vec![(name, command.clone())], below].concat()
    }

    #[test]
    fn every_argument_is_explained_under_a_heading() {
        let mut cli = Cli::command();
        cli.build();
        for (name, command) in commands(&cli, "") {
            assert!(command.get_about().is_some(), "{name}");
            for argument in command.get_arguments() {
                let id = argument.get_id();
                if ["help", "version"].contains(&id.as_str()) {
                    continue;
                }
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.chars().filter(|letter| letter.is_alphabetic()).count() > 10,
                    "{name} {id}: {help}"
                );
                assert!(argument.get_help_heading().is_some(), "{name} {id} has no heading");
            }
        }
    }

    #[test]
    fn every_command_tells_examples_and_exit_status() {
        for command in Cli::command().get_subcommands() {
            let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            for part in ["Examples:\n", "Exit status:\n"] {
                assert!(after.contains(part), "{}: {part}", command.get_name());
            }
            let long = after.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{}", command.get_name());
        }
    }

    #[test]
    fn the_examples_in_the_help_are_understood() {
        let texts =
            [help::UP, help::SIDECAR, help::CHECK, help::COMPILE, help::HEALTH, help::MIGRATE, help::GATE];
        #[cfg(feature = "rehearse")]
        let texts = [&texts[..], &[help::REHEARSE]].concat();
        let lines =
            texts.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("      slipway "));
        let examples: Vec<&str> = lines.flat_map(|line| line.split(" && ")).map(str::trim).collect();
        assert!(examples.len() > 10, "{examples:?}");
        for example in examples {
            if let Err(error) = Cli::try_parse_from(example.split(' ')) {
                panic!("{example}: {error}");
            }
        }
    }

    #[test]
    fn the_arguments_that_spinkube_passes_are_understood() {
        let arguments = "slipway up --listen 0.0.0.0:80 -f ghcr.io/acme/app:1.2 --runtime-config-file /runtime-config.toml --component-id a --component-id b";
        let Command::Up(up) = Cli::try_parse_from(arguments.split(' ')).unwrap().command else {
            panic!("it is `up`");
        };
        assert_eq!(up.listen, SocketAddr::from(([0, 0, 0, 0], 80)));
        assert_eq!(up.application.from, PathBuf::from("ghcr.io/acme/app:1.2"));
        assert_eq!(up.runtime_config_file, Some(PathBuf::from("/runtime-config.toml")));
        assert_eq!(up.component_ids, ["a", "b"]);
    }
}
