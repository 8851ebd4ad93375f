//! Addresses that components must not reach, whatever name leads there: a name that is allowed may be made to lead
//! anywhere by whoever answers for it.
//!
//! | blocked | by | unless |
//! |---|---|---|
//! | what is link-local, and where clouds tell instances their secrets | default | the component's `allowed_outbound_hosts` name the address or its network |
//! | `block_networks` of the runtime-config file, as in Spin | whoever runs the application | |
//!
//! Loopback and private addresses are open: in development and in a cluster, that is where databases are. `"private"`
//! among `block_networks` closes them.

use std::net::IpAddr;

use super::allow::AllowedHosts;
use super::network::{Network, embedded};

/// Blocked by default. The first two are where link-local addresses are, and with them most services of metadata.
const DEFAULT: [Network; 6] = [
    // https://www.rfc-editor.org/rfc/rfc3927#section-2.1
    Network::v4(169, 254, 0, 0, 16),
    // https://www.rfc-editor.org/rfc/rfc4291#section-2.5.6
    Network::v6(0xfe80 << 112, 10),
    // Metadata of AWS, Google Cloud and Alibaba Cloud, and the wire server of Azure, at addresses of other kinds.
    Network::v6(0xfd00_0ec2 << 96 | 0x254, 128),
    Network::v6(0xfd20_00ce << 96 | 0x254, 128),
    Network::v4(100, 100, 100, 200, 32),
    Network::v4(168, 63, 129, 16, 32),
];

/// What `"private"` means: whatever is not reachable from everywhere,
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>.
const PRIVATE: [Network; 24] = [
    Network::v4(0, 0, 0, 0, 8),
    Network::v4(10, 0, 0, 0, 8),
    Network::v4(100, 64, 0, 0, 10),
    Network::v4(127, 0, 0, 0, 8),
    Network::v4(169, 254, 0, 0, 16),
    Network::v4(172, 16, 0, 0, 12),
    Network::v4(192, 0, 0, 0, 24),
    Network::v4(192, 0, 2, 0, 24),
    Network::v4(192, 168, 0, 0, 16),
    Network::v4(198, 18, 0, 0, 15),
    Network::v4(198, 51, 100, 0, 24),
    Network::v4(203, 0, 113, 0, 24),
    Network::v4(224, 0, 0, 0, 4),
    Network::v4(240, 0, 0, 0, 4),
    Network::v6(0, 127),
    Network::v6(0x0064_ff9b_0001 << 80, 48),
    Network::v6(0x0100 << 112, 64),
    Network::v6(0x2001_0db8 << 96, 32),
    Network::v6(0x3fff << 112, 20),
    Network::v6(0x5f00 << 112, 16),
    Network::v6(0xfc00 << 112, 7),
    Network::v6(0xfe80 << 112, 10),
    Network::v6(0xfec0 << 112, 10),
    Network::v6(0xff00 << 112, 8),
];

/// The addresses that are blocked for every component of an application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockedNetworks {
    configured: Vec<Network>,
}

impl BlockedNetworks {
    /// Reads `block_networks`; a sentence for each entry that is wrong.
    pub fn parse(entries: &[String]) -> Result<Self, Vec<String>> {
        let (mut configured, mut errors) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry.as_str() {
                "private" => configured.extend(PRIVATE),
                network => match network.parse() {
                    Ok(network) => configured.push(network),
                    Err(error) => {
                        errors.push(format!("{entry:?} is neither \"private\" nor a network: {error}"))
                    }
                },
            }
        }
        if errors.is_empty() { Ok(Self { configured }) } else { Err(errors) }
    }

    /// Whether a component with these `allowed` hosts must not connect to `address` by one of these schemes.
    pub fn block(&self, allowed: &AllowedHosts, schemes: &[&str], address: IpAddr) -> bool {
        let forms = [Some(address), embedded(address)];
        let is_in = |networks: &[Network]| {
            forms.iter().flatten().any(|&form| networks.iter().any(|network| network.contains(form)))
        };
        let is_named = || forms.iter().flatten().any(|&form| allowed.names(schemes, form));
        is_in(&self.configured) || is_in(&DEFAULT) && !is_named()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: [&str; 2] = ["http", "https"];

    fn is_blocked(configured: &[&str], allowed: &[&str], address: &str) -> bool {
        let entries: Vec<String> = configured.iter().map(ToString::to_string).collect();
        let allowed = AllowedHosts::parse(allowed).unwrap();
        BlockedNetworks::parse(&entries).unwrap().block(&allowed, &HTTP, address.parse().unwrap())
    }

    #[test]
    fn link_local_addresses_and_those_of_metadata_are_blocked() {
        for address in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
        ] {
            assert!(is_blocked(&[], &["http://*:*", "http://0.0.0.0/0:*"], address), "{address}");
        }
        for address in ["127.0.0.1", "::1", "10.0.0.1", "192.168.0.1", "fd00::1", "169.253.1.1", "8.8.8.8"] {
            assert!(!is_blocked(&[], &[], address), "{address}");
        }
    }

    #[test]
    fn a_component_that_names_the_address_or_its_network_may_reach_it() {
        let metadata = "169.254.169.254";
        assert!(!is_blocked(&[], &["http://169.254.169.254"], metadata));
        assert!(!is_blocked(&[], &["*://169.254.0.0/16:80"], metadata));
        assert!(!is_blocked(&[], &["http://169.254.169.254"], "::ffff:169.254.169.254"));
        assert!(is_blocked(&[], &["postgres://169.254.169.254"], metadata), "by another scheme");
        assert!(is_blocked(&[], &["http://169.254.1.0/24"], metadata), "another network");
        assert!(is_blocked(&[], &["http://metadata.example"], metadata), "a name is no address");
    }

    #[test]
    fn what_the_runtime_config_blocks_no_manifest_opens() {
        assert!(is_blocked(&["1.1.1.1/32"], &["http://1.1.1.1"], "1.1.1.1"));
        assert!(is_blocked(&["1.1.1.1/32"], &[], "::ffff:1.1.1.1"));
        assert!(!is_blocked(&["1.1.1.1/32"], &[], "1.1.1.2"));
        for address in [
            "0.0.0.0",
            "10.10.10.10",
            "100.64.1.1",
            "127.0.0.1",
            "169.254.0.1",
            "172.31.0.1",
            "192.168.1.1",
            "::",
            "::1",
            "::ffff:10.10.10.10",
            "fc00::f00d",
            "fe80::1",
        ] {
            assert!(
                is_blocked(&["private"], &["http://127.0.0.1", "http://169.254.0.0/16"], address),
                "{address}"
            );
        }
        for address in ["123.123.123.123", "172.32.0.1", "2600::beef"] {
            assert!(!is_blocked(&["private"], &[], address), "{address}");
        }
        let wrong = BlockedNetworks::parse(&["public".into(), "10.0.0.0/40".into()]).unwrap_err();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
