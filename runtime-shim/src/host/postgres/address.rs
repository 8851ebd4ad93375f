//! Addresses of databases, as libpq takes them:
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>.

use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::Error;
use super::pool::Database;
use super::tls::{Connector, Verify};
use crate::outbound::allow::AllowedHosts;

/// Scheme of databases in `allowed_outbound_hosts`.
const SCHEME: &str = "postgres";

/// The usual port.
const PORT: u16 = 5432;

/// Time without an answer to what was sent, after which a connection is given up.
const UNANSWERED: Duration = Duration::from_secs(10);

/// Idle time after which the other side is asked whether it still lives.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The modes of TLS that the client library does not know, and what they mean for certificates.
const VERIFYING: [(&str, Verify); 2] = [("verify-ca", Verify::Authority), ("verify-full", Verify::Full)];

/// A parsed address.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    /// How the certificate of the server is checked, where TLS is used.
    pub(super) verify: Verify,
}

impl FromStr for Address {
    type Err = Error;

    /// The errors never show the address: it has the password.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (text, verify) = without_verification(text);
        let mut config = text.parse::<Config>().map_err(|error| {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Error::ConnectionFailed(format!("the database address is not valid{cause}"))
        })?;
        config.keepalives_idle(KEEPALIVE);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNANSWERED);
        }
        Ok(Self { config, verify })
    }
}

/// Takes the modes that verify out of `sslmode`, where they are to be `require` for the client library.
fn without_verification(text: &str) -> (String, Verify) {
    for (mode, verify) in VERIFYING {
        let written = format!("sslmode={mode}");
        let Some(at) = text.find(&written) else { continue };
        let (before, after) = (&text[..at], &text[at + written.len()..]);
        let begins = before.is_empty() || before.ends_with(['?', '&', ' ']);
        let ends = after.is_empty() || after.starts_with(['&', ' ']);
        if begins && ends {
            return (format!("{before}sslmode=require{after}"), verify);
        }
    }
    (text.to_owned(), Verify::Nothing)
}

impl Address {
    /// What makes TLS connections to it; where TLS is disabled, it is never asked.
    pub(super) fn connector(&self, authority: Option<&str>) -> Result<Connector, Error> {
        Connector::new(self.verify, authority)
            .map_err(|error| Error::ConnectionFailed(format!("TLS to the database cannot be used: {error}")))
    }

    /// The database that it leads to, without user and password. One without a name has that of the user, and is told
    /// without.
    pub(super) fn database(&self) -> Database {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            _ => self.config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
        };
        Database {
            name: self.config.get_dbname().unwrap_or_default().to_owned(),
            host,
            port: self.config.get_ports().first().copied().unwrap_or(PORT),
        }
    }

    /// Checks that the component may reach every host of the address.
    pub(super) fn permit(&self, allowed: &AllowedHosts) -> Result<(), Error> {
        let refused = |sentence: String| Err(Error::ConnectionFailed(sentence));
        let config = &self.config;
        if config.get_hosts().is_empty() {
            return refused("the database address names no host".to_owned());
        }
        // An address in `hostaddr` is where the connection goes, whatever `host` says.
        let mut targets: Vec<(String, Option<&u16>)> = Vec::new();
        let port = |index| config.get_ports().get(index).or(config.get_ports().first());
        for (index, host) in config.get_hosts().iter().enumerate() {
            match host {
                Host::Tcp(name) => targets.push((name.clone(), port(index))),
                #[cfg(unix)]
                Host::Unix(_) => {
                    return refused("databases behind a Unix socket cannot be reached".to_owned());
                }
            }
        }
        for (index, address) in config.get_hostaddrs().iter().enumerate() {
            targets.push((address.to_string(), port(index)));
        }
        for (host, port) in targets {
            let port = port.copied().unwrap_or(PORT);
            if !allowed.allows(SCHEME, &host, Some(port)) {
                return refused(format!(
                    "{SCHEME}://{host}:{port} is not in the component's allowed_outbound_hosts"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    fn permitted(address: &str, allowed: &str) -> Result<(), String> {
        let allowed = AllowedHosts::parse(&[allowed]).unwrap();
        let address: Address = address.parse().map_err(|error: Error| error.to_string())?;
        address.permit(&allowed).map_err(|error| error.to_string())
    }

    #[test]
    fn only_allowed_hosts_are_reached() {
        let allowed = "postgres://db.example.com";
        assert_eq!(permitted("postgres://user:secret@db.example.com/app", allowed), Ok(()));
        assert_eq!(permitted("host=db.example.com user=user", allowed), Ok(()));
        for refused in [
            "postgres://user:secret@db.example.com:5433/app",
            "postgres://user:secret@other.example.com/app",
            "postgres://user:secret@db.example.com,other.example.com/app",
            "host=db.example.com hostaddr=10.0.0.1 user=user",
            "host=/run/postgresql user=user",
            "user=user",
        ] {
            let error = permitted(refused, allowed).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        let error = permitted("postgres://u:secret@10.0.0.1/app", allowed).unwrap_err();
        assert!(
            error.contains("postgres://10.0.0.1:5432 is not in the component's allowed_outbound_hosts"),
            "{error}"
        );
    }

    #[test]
    fn a_database_is_told_without_its_user() {
        let database = |text: &str| text.parse::<Address>().unwrap().database();
        let shop = Database { name: "shop".into(), host: "db.example".into(), port: 5433 };
        assert_eq!(database("postgres://user:secret@db.example:5433/shop"), shop);
        let unnamed = Database { name: String::new(), host: "db.example".into(), port: PORT };
        assert_eq!(database("host=db.example user=secret"), unnamed);
    }

    #[test]
    fn sslmode_is_taken_as_libpq_takes_it() {
        let parsed = |text: &str| {
            let address: Address = text.parse().unwrap();
            (address.config.get_ssl_mode(), address.verify)
        };
        assert_eq!(parsed("postgres://u@h/d"), (SslMode::Prefer, Verify::Nothing));
        assert_eq!(parsed("postgres://u@h/d?sslmode=disable"), (SslMode::Disable, Verify::Nothing));
        assert_eq!(parsed("postgres://u@h/d?sslmode=require"), (SslMode::Require, Verify::Nothing));
        assert_eq!(
            parsed("postgres://u@h/d?a=b&sslmode=verify-ca".replace("a=b&", "").as_str()),
            (SslMode::Require, Verify::Authority)
        );
        assert_eq!(parsed("host=h sslmode=verify-full user=u"), (SslMode::Require, Verify::Full));
        assert!("postgres://u@h/d?sslmode=verify-fully".parse::<Address>().is_err());
    }

    #[test]
    fn an_address_that_cannot_be_read_does_not_show_its_password() {
        for text in
            ["postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h/d?sslmode=x", "password=hunter2 what"]
        {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
