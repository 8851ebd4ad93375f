//! Networks, as in `10.0.0.0/8`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// The addresses that share their first `prefix` bits with `address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// The part before the slash is no address, or there is none.
    #[error("a network is an address, a slash and the number of bits that count, as in 10.0.0.0/8")]
    Address,
    /// The part behind the slash is no number.
    #[error("behind the slash of a network is the number of bits that count")]
    NotANumber,
    /// The address has not as many bits.
    #[error("an address has 32 bits, one of IPv6 128")]
    TooLong,
}

impl Network {
    /// A network of IPv4.
    pub const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// A network of IPv6, by its bits.
    pub const fn v6(bits: u128, prefix: u32) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::from_bits(bits)), prefix }
    }

    /// The network of these two parts.
    ///
    /// # Errors
    /// If they are none.
    pub fn parse(address: &str, prefix: &str) -> Result<Self, NetworkError> {
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let prefix = match prefix.bytes().all(|b| b.is_ascii_digit()) {
            true => prefix.parse().map_err(|_| NetworkError::TooLong)?,
            false => return Err(NetworkError::NotANumber),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        if prefix <= bits { Ok(Self { address, prefix }) } else { Err(NetworkError::TooLong) }
    }

    /// Whether an address is in it. Those of IPv4 are in none of IPv6.
    pub fn contains(self, other: IpAddr) -> bool {
        // The bits that differ, moved up so that an IPv4 address is compared like the first 32 bits of an IPv6 one.
        let difference = match (self.address, other) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => u128::from(mine.to_bits() ^ other.to_bits()) << 96,
            (IpAddr::V6(mine), IpAddr::V6(other)) => mine.to_bits() ^ other.to_bits(),
            _ => return false,
        };
        difference.leading_zeros() >= self.prefix
    }

    /// Whether it has every address.
    pub fn is_everything(self) -> bool {
        self.prefix == 0
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = text.split_once('/').ok_or(NetworkError::Address)?;
        Self::parse(address, prefix)
    }
}

/// The IPv4 address that stands in an address of IPv6: connecting to the one can mean to connect to the other.
///
/// | network | meaning |
/// |---|---|
/// | `::ffff:0:0/96`, `::/96` | mapped and compatible, <https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5> |
/// | `64:ff9b::/96` | translated, <https://www.rfc-editor.org/rfc/rfc6052#section-2.1> |
/// | `2002::/16` | 6to4, <https://www.rfc-editor.org/rfc/rfc3056#section-2> |
pub fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let bits = address.to_bits();
    let last = || Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32);
    let found = match bits >> 32 {
        0 if bits > 1 => last(),
        0xffff => last(),
        prefix if prefix == 0x0064_ff9b << 64 => last(),
        _ if bits >> 112 == 0x2002 => Ipv4Addr::from_bits((bits >> 80 & u128::from(u32::MAX)) as u32),
        _ => return None,
    };
    Some(found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address_of_ipv4_in_ipv6_is_seen() {
        let metadata: IpAddr = Ipv4Addr::new(169, 254, 169, 254).into();
        for text in ["::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"]
        {
            assert_eq!(embedded(text.parse().unwrap()), Some(metadata), "{text}");
        }
        for text in ["::", "::1", "2001:db8::a9fe:a9fe", "fe80::1", "169.254.169.254"] {
            assert_eq!(embedded(text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_network_has_the_addresses_that_share_its_prefix() {
        let network: Network = "10.1.2.3/8".parse().unwrap();
        assert!(network.contains("10.255.0.1".parse().unwrap()));
        assert!(!network.contains("11.0.0.1".parse().unwrap()));
        assert_eq!("10.0.0.0".parse::<Network>(), Err(NetworkError::Address));
        assert_eq!("10.0.0.0/33".parse::<Network>(), Err(NetworkError::TooLong));
        assert_eq!("10.0.0.0/x".parse::<Network>(), Err(NetworkError::NotANumber));
    }
}
