//! Which hosts a component may reach: Spin's `allowed_outbound_hosts`,
//! <https://spinframework.dev/http-outbound#granting-http-permissions-to-components>.
//!
//! An entry is `<scheme>://<host>[:<port>]`:
//!
//! | part | forms |
//! |---|---|
//! | scheme | a name; `*` |
//! | host | a name; `*.example.com` (any name below, not the domain itself); an IPv4 address; an IPv6 address in brackets; a network (`10.0.0.0/8`, `2001:db8::/32`); `*`; `self` (requests without a host) |
//! | port | a number; a range without its end (`8000..9000`); `*`; none for the usual port of the scheme |
//!
//! Names are compared without regard to case. A host that is written in any other way than those above (such as
//! `127.1`) is a name like any other, and so is allowed by `*` only.

use std::net::IpAddr;
use std::ops::Range;
use std::str::FromStr;

use thiserror::Error;

use super::network::{Network, NetworkError};

/// Domain whose subdomains are the components of the application itself.
const SERVICE_CHAINING_SUFFIX: &str = ".spin.internal";

/// Everything a component may reach. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<AllowedHost>);

/// One entry of `allowed_outbound_hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// In lower case; `None` for every scheme.
    scheme: Option<String>,
    host: Host,
    ports: Ports,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    /// Requests to the application's own routes, which name no host.
    Own,
    /// A name in lower case.
    Name(String),
    /// The end of a name in lower case, with its leading dot.
    Below(String),
    Address(IpAddr),
    Network(Network),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ports {
    Any,
    One(u16),
    Range(Range<u16>),
}

/// Why an entry is refused. The entry itself is not shown: it may come from a secret variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AllowedHostError {
    /// Spin 1's way to allow everything.
    #[error("`insecure:allow-all` is no longer known: write `*://*:*` if everything is meant")]
    AllowAll,
    /// No `://`.
    #[error("it has no scheme: write `<scheme>://<host>[:<port>]`")]
    NoScheme,
    /// A scheme of other characters than letters.
    #[error("its scheme must be letters only, or `*`")]
    InvalidScheme,
    /// Neither a port nor a scheme that has one.
    #[error("it needs a port, because its scheme has no usual one")]
    NoPort,
    /// A port that is not a number, a range or `*`.
    #[error("its port must be a number up to 65535, a range such as `8000..9000`, or `*`")]
    InvalidPort,
    /// A host of none of the known forms.
    #[error(
        "its host must be a name, `*.` and a name, an address (IPv6 in brackets), a network, `*` or `self`"
    )]
    InvalidHost,
    /// Something behind the host and port.
    #[error("it must not have a path")]
    Path,
    /// A list in braces, which Spin reserves and does not support.
    #[error("lists in braces are not supported: write one entry for each")]
    List,
}

impl AllowedHosts {
    /// Parses the entries of a component, or says for every one that is wrong what is.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut hosts = Vec::with_capacity(entries.len());
        for entry in entries.iter().map(AsRef::as_ref) {
            match entry.parse() {
                Ok(host) => hosts.push(host),
                Err(error) => errors.push(format!("allowed outbound host {entry:?}: {error}")),
            }
        }
        if errors.is_empty() { Ok(Self(hosts)) } else { Err(errors) }
    }

    /// Whether a connection may be made. `host` is a name or an address, IPv6 with or without brackets; without a
    /// port, the usual one of the scheme is meant.
    pub fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let scheme = scheme.to_ascii_lowercase();
        let host = host.to_ascii_lowercase();
        let address: Option<IpAddr> = without_brackets(&host).unwrap_or(&host).parse().ok();
        let port = port.or_else(|| usual_port(&scheme));
        self.0.iter().any(|entry| {
            entry.allows_scheme(&scheme) && entry.host.allows(&host, address) && entry.ports.allows(port)
        })
    }

    /// Whether an entry for one of these schemes (in lower case) names the address itself, or a network that it is in.
    pub fn names(&self, schemes: &[&str], address: IpAddr) -> bool {
        self.0.iter().any(|entry| {
            let named = match entry.host {
                Host::Address(allowed) => allowed == address,
                Host::Network(network) => !network.is_everything() && network.contains(address),
                _ => false,
            };
            named && schemes.iter().any(|scheme| entry.allows_scheme(scheme))
        })
    }

    /// Whether the component may call the application's own routes by a URL without a host.
    pub fn allows_self(&self, scheme: &str) -> bool {
        let scheme = scheme.to_ascii_lowercase();
        self.0.iter().any(|entry| entry.allows_scheme(&scheme) && matches!(entry.host, Host::Any | Host::Own))
    }
}

impl FromIterator<AllowedHost> for AllowedHosts {
    fn from_iter<I: IntoIterator<Item = AllowedHost>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl AllowedHost {
    fn allows_scheme(&self, scheme: &str) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
    }
}

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(entry: &str) -> Result<Self, AllowedHostError> {
        let entry = entry.trim();
        if entry == "insecure:allow-all" {
            return Err(AllowedHostError::AllowAll);
        }
        let (scheme, rest) = entry.split_once("://").ok_or(AllowedHostError::NoScheme)?;
        let scheme = parse_scheme(scheme)?;
        let (host, port) = split_port(rest.strip_suffix('/').unwrap_or(rest))?;
        Ok(Self { host: host.parse()?, ports: Ports::parse(port, scheme.as_deref())?, scheme })
    }
}

/// The host name that stands for a component.
pub fn service_chaining_host(component: &str) -> String {
    format!("{component}{SERVICE_CHAINING_SUFFIX}")
}

/// The component that a host name of the form `<id>.spin.internal` stands for.
pub fn service_chaining_target(host: &str) -> Option<&str> {
    host.strip_suffix(SERVICE_CHAINING_SUFFIX).filter(|id| !id.is_empty() && !id.contains('.'))
}

fn parse_scheme(scheme: &str) -> Result<Option<String>, AllowedHostError> {
    match scheme {
        "*" => Ok(None),
        _ if scheme.starts_with('{') => Err(AllowedHostError::List),
        _ if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphabetic()) => {
            Ok(Some(scheme.to_ascii_lowercase()))
        }
        _ => Err(AllowedHostError::InvalidScheme),
    }
}

/// Splits what follows the scheme into host and port; the port is empty if there is none. The colons of an IPv6
/// address stand either in brackets or, in a network, before the slash.
fn split_port(rest: &str) -> Result<(&str, &str), AllowedHostError> {
    let host_end = match rest.starts_with('[') {
        true => rest.find(']').map(|at| at + 1).ok_or(AllowedHostError::InvalidHost)?,
        false => rest.find('/').unwrap_or(0),
    };
    let (address, tail) = rest.split_at(host_end);
    let is_network = tail.starts_with('/');
    if is_network && address.parse::<IpAddr>().is_err() {
        return Err(AllowedHostError::Path);
    }
    match tail.find(':') {
        Some(colon) if address.starts_with('[') && colon > 0 => Err(AllowedHostError::InvalidHost),
        Some(colon) => {
            let (host, port) = rest.split_at(host_end + colon);
            Ok((host, port.strip_prefix(':').unwrap_or(port)))
        }
        None => Ok((rest, "")),
    }
}

impl Host {
    /// Whether this is the host: `host` in lower case, and the address that it is, if it is one.
    fn allows(&self, host: &str, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Self::Any, _) => true,
            (Self::Name(name), None) => name == host,
            (Self::Below(suffix), None) => host.len() > suffix.len() && host.ends_with(suffix),
            (Self::Address(allowed), Some(address)) => *allowed == address,
            (Self::Network(network), Some(address)) => network.contains(address),
            _ => false,
        }
    }
}

impl FromStr for Host {
    type Err = AllowedHostError;

    fn from_str(host: &str) -> Result<Self, AllowedHostError> {
        if host.starts_with('{') {
            return Err(AllowedHostError::List);
        }
        if let Some((address, prefix)) = host.split_once('/') {
            return match Network::parse(address, prefix) {
                Ok(network) => Ok(Self::Network(network)),
                Err(NetworkError::NotANumber) => Err(AllowedHostError::Path),
                Err(_) => Err(AllowedHostError::InvalidHost),
            };
        }
        if let Some(inner) = without_brackets(host) {
            let address = inner.parse().map_err(|_| AllowedHostError::InvalidHost)?;
            return Ok(Self::Address(IpAddr::V6(address)));
        }
        match (host, host.strip_prefix("*.")) {
            ("*", _) => Ok(Self::Any),
            // Spin takes both for the application itself.
            ("self" | "self.alt", _) => Ok(Self::Own),
            (_, Some(domain)) => Ok(Self::Below(format!(".{}", parse_name(domain)?))),
            (_, None) => match host.parse() {
                Ok(address) => Ok(Self::Address(IpAddr::V4(address))),
                Err(_) => parse_name(host).map(Self::Name),
            },
        }
    }
}

/// Checks a host name and gives it back in lower case. As in URLs, a name that ends in a number would be an address
/// (<https://url.spec.whatwg.org/#ends-in-a-number-checker>), so it is none.
fn parse_name(name: &str) -> Result<String, AllowedHostError> {
    let usable = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let labels = || name.split('.');
    let ends_in_number = labels().next_back().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    match labels().all(usable) && !ends_in_number {
        true => Ok(name.to_ascii_lowercase()),
        false => Err(AllowedHostError::InvalidHost),
    }
}

fn without_brackets(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

impl Ports {
    fn parse(port: &str, scheme: Option<&str>) -> Result<Self, AllowedHostError> {
        let number = |text: &str| text.parse::<u16>().map_err(|_| AllowedHostError::InvalidPort);
        match (port, port.split_once("..")) {
            ("", _) => scheme.and_then(usual_port).map(Self::One).ok_or(AllowedHostError::NoPort),
            ("*", _) => Ok(Self::Any),
            (_, _) if port.starts_with('{') => Err(AllowedHostError::List),
            (_, Some((start, end))) => Ok(Self::Range(number(start)?..number(end)?)),
            (_, None) => number(port).map(Self::One),
        }
    }

    fn allows(&self, port: Option<u16>) -> bool {
        match (self, port) {
            (Self::Any, _) => true,
            (Self::One(allowed), Some(port)) => *allowed == port,
            (Self::Range(range), Some(port)) => range.contains(&port),
            (_, None) => false,
        }
    }
}

/// The port that a URL of this scheme (in lower case) means when it names none.
fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "mqtt" => Some(1883),
        "mysql" => Some(3306),
        "postgres" => Some(5432),
        "redis" => Some(6379),
        _ => None,
    }
}

#[cfg(test)]
#[path = "allow_tests.rs"]
mod tests;
