use proptest::prelude::*;

use super::{AllowedHost, AllowedHostError, AllowedHosts, service_chaining_target};

fn allowed(entries: &[&str]) -> AllowedHosts {
    AllowedHosts::parse(entries).expect("entries that are fine")
}

/// Whether `entry` allows a URL of the form `scheme://host[:port]`.
fn allows(entry: &str, url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !rest.ends_with(']') => (host, Some(port.parse().expect("a port"))),
        _ => (rest, None),
    };
    allowed(&[entry]).allows(scheme, host, port)
}

fn refusal(entry: &str) -> Option<AllowedHostError> {
    entry.parse::<AllowedHost>().err()
}

#[test]
fn every_part_of_a_literal_entry_must_be_met() {
    let entry = "https://api.example.com:8443";
    assert!(allows(entry, "https://api.example.com:8443"));
    for url in [
        "http://api.example.com:8443",
        "https://example.com:8443",
        "https://api.example.com.evil.net:8443",
        "https://api.example.com",
        "https://api.example.com:443",
    ] {
        assert!(!allows(entry, url), "{url}");
    }
}

#[test]
fn without_a_port_the_usual_one_of_the_scheme_is_meant_on_both_sides() {
    for (scheme, port) in
        [("http", 80), ("https", 443), ("postgres", 5432), ("mysql", 3306), ("redis", 6379), ("mqtt", 1883)]
    {
        let entry = format!("{scheme}://db.example.com");
        assert!(allows(&entry, &entry));
        assert!(allows(&entry, &format!("{entry}:{port}")));
        assert!(allows(&format!("{entry}:{port}"), &entry));
        assert!(!allows(&entry, &format!("{entry}:{}", port + 1)));
    }
    assert_eq!(refusal("tcp://example.com"), Some(AllowedHostError::NoPort));
    assert_eq!(refusal("*://example.com"), Some(AllowedHostError::NoPort));
    assert!(!allows("*://example.com:1", "tcp://example.com"));
}

#[test]
fn ports_are_numbers_ranges_without_their_end_or_any() {
    assert!(allows("http://example.com:8000..9000", "http://example.com:8000"));
    assert!(allows("http://example.com:8000..9000", "http://example.com:8999"));
    assert!(!allows("http://example.com:8000..9000", "http://example.com:9000"));
    assert!(allows("http://example.com:*", "http://example.com:1"));
    assert!(allows("tcp://example.com:*", "tcp://example.com"));
    assert!(allows("http://example.com:", "http://example.com"));
    for port in ["notaport", "99999", "8080..", "8080..70000", "8O8O", "80-90", "-1", ":80"] {
        for host in
            ["example.com", "*.example.com", "*", "self", "127.0.0.1", "[::1]", "10.0.0.0/8", "ff00::/8"]
        {
            assert!(refusal(&format!("http://{host}:{port}")).is_some(), "{host}:{port}");
        }
    }
}

#[test]
fn scheme_wildcard_allows_every_scheme() {
    assert!(allows("*://example.com:80", "http://example.com"));
    assert!(allows("*://example.com:80", "gopher://example.com:80"));
    assert_eq!(refusal("ht*p://example.com"), Some(AllowedHostError::InvalidScheme));
    assert_eq!(refusal("://example.com:80"), Some(AllowedHostError::InvalidScheme));
}

#[test]
fn subdomain_wildcard_allows_every_name_below_but_not_the_domain() {
    let entry = "http://*.example.com";
    assert!(allows(entry, "http://a.example.com"));
    assert!(allows(entry, "http://a.b.example.com"));
    for host in ["example.com", "myexample.com", ".example.com", "a.example.com.evil.net", "127.0.0.1"] {
        assert!(!allows(entry, &format!("http://{host}")), "{host}");
    }
}

#[test]
fn any_host_and_everything_are_allowed_by_wildcards() {
    assert!(allows("https://*", "https://anything.example"));
    assert!(!allows("https://*", "http://anything.example"));
    for url in ["http://example.com", "postgres://10.0.0.1:1", "x://[::1]:2"] {
        assert!(allows("*://*:*", url), "{url}");
    }
    assert!(!AllowedHosts::default().allows("http", "example.com", None));
}

#[test]
fn addresses_are_compared_as_addresses() {
    assert!(allows("http://127.0.0.1:3000", "http://127.0.0.1:3000"));
    assert!(allows("http://[2001:db8:0:0::1]", "http://[2001:DB8::1]"));
    assert!(allowed(&["http://[::1]"]).allows("http", "::1", None));
    assert!(!allows("http://[::1]", "http://[::2]"));
    // Other ways to write 127.0.0.1 are names: a client that takes them for the address is not let through.
    for host in ["127.1", "2130706433", "0x7f000001", "localhost"] {
        assert!(!allows("*://127.0.0.1:*", &format!("http://{host}")), "{host}");
    }
}

#[test]
fn networks_allow_the_addresses_that_share_their_prefix() {
    assert!(allows("http://10.1.2.3/8:*", "http://10.255.0.1:81"));
    assert!(!allows("http://10.0.0.0/8:*", "http://11.0.0.1:81"));
    assert!(allows("http://192.168.0.0/31", "http://192.168.0.1"));
    assert!(!allows("http://192.168.0.0/31", "http://192.168.0.2"));
    assert!(allows("http://0.0.0.0/0", "http://255.0.0.1"));
    assert!(!allows("http://0.0.0.0/0", "http://[::1]"));
    assert!(allows("http://2001:db8::/32", "http://[2001:db8:abcd::1]"));
    assert!(!allows("http://2001:db8::/32", "http://[2001:db9::1]"));
    assert!(allows("http://2001:db8::/32:443", "http://[2001:db8::1]:443"));
    assert!(!allows("http://10.0.0.0/8", "http://10.example.com"));
    for entry in ["http://10.0.0.0/33", "http://::1/129", "http://[::1]/64", "http://example.com/24"] {
        assert!(refusal(entry).is_some(), "{entry}");
    }
}

#[test]
fn names_and_schemes_are_compared_without_regard_to_case() {
    assert!(allows("HTTP://API.Example.COM", "http://api.example.com"));
    assert!(allows("http://*.Example.COM", "HTTP://A.eXample.com"));
}

#[test]
fn own_routes_are_allowed_by_self_or_any_host_and_self_allows_nothing_else() {
    let own = allowed(&["http://self"]);
    assert!(own.allows_self("http"));
    assert!(!own.allows_self("https"));
    assert!(!own.allows("http", "self", None));
    assert!(allowed(&["*://*:*"]).allows_self("http"));
    assert!(allowed(&["http://self.alt"]).allows_self("http"));
    assert!(!allowed(&["http://example.com"]).allows_self("http"));
}

#[test]
fn components_are_reached_by_name_or_all_of_them_by_wildcard() {
    assert!(allows("http://tracker.spin.internal", "http://tracker.spin.internal"));
    assert!(!allows("http://tracker.spin.internal", "http://webhook.spin.internal"));
    assert!(allows("http://*.spin.internal", "http://webhook.spin.internal"));
    assert_eq!(service_chaining_target("tracker.spin.internal"), Some("tracker"));
    for host in ["spin.internal", ".spin.internal", "a.b.spin.internal", "tracker.spin.internal.example.com"]
    {
        assert_eq!(service_chaining_target(host), None, "{host}");
    }
}

#[test]
fn only_a_slash_may_follow_host_and_port() {
    assert!(allows("https://my.api.com/", "https://my.api.com"));
    assert!(allows("https://my.api.com:8443/", "https://my.api.com:8443"));
    assert!(allows("https://10.0.0.0/8:443/", "https://10.0.0.1"));
    assert!(allows("https://[::1]/", "https://[::1]"));
    for entry in [
        "http://example.com/p",
        "http://example.com:8080/p",
        "http://*.example.com:8080/p",
        "http://example.com//",
        "http://self//",
        "http://127.0.0.0/24/p",
        "postgres://db.example.com:5432/database",
    ] {
        assert_eq!(refusal(entry), Some(AllowedHostError::Path), "{entry}");
    }
}

#[test]
fn entries_of_no_known_form_are_refused() {
    for (entry, expected) in [
        ("", AllowedHostError::NoScheme),
        ("*", AllowedHostError::NoScheme),
        ("example.com:8080", AllowedHostError::NoScheme),
        ("[::1]:8080", AllowedHostError::NoScheme),
        ("insecure:allow-all", AllowedHostError::AllowAll),
        ("{http,https}://example.com", AllowedHostError::List),
        ("http://{a,b}.example.com", AllowedHostError::List),
        ("http://example.com:{80,90}", AllowedHostError::List),
    ] {
        assert_eq!(refusal(entry), Some(expected), "{entry}");
    }
    for entry in [
        "http://",
        "http://:80",
        "http://*.",
        "http://*.*.com",
        "http://a.*.com",
        "http://*.127.0.0.1",
        "http://*.[::1]",
        "http://192.168.001.001",
        "http://::1",
        "http://[::1",
        "http://[::1]junk",
        "http://[::1]junk:80",
        "http://[::1]::80",
        "http://[127.0.0.1]",
        "http://ff00::/8/extra",
        "http://user@example.com",
        "http://user:password@example.com",
        "http://exa mple.com",
        "http://exämple.com",
        "http://example%2.com",
        "http://example.com:80:90",
    ] {
        assert!(refusal(entry).is_some(), "{entry}");
    }
}

#[test]
fn every_wrong_entry_is_reported_by_its_text() {
    let errors =
        AllowedHosts::parse(&["http://fine.example", "nothing", "x://y"]).expect_err("two wrong entries");
    assert_eq!(
        errors,
        [
            "allowed outbound host \"nothing\": it has no scheme: write `<scheme>://<host>[:<port>]`",
            "allowed outbound host \"x://y\": it needs a port, because its scheme has no usual one",
        ]
    );
}

proptest! {
    #[test]
    fn a_literal_entry_allows_itself_and_no_other_port(
        host in "[a-z]{1,8}(\\.[a-z]{2,5}){0,2}", port: u16, other: u16,
    ) {
        let hosts = AllowedHosts::parse(&[format!("http://{host}:{port}")]);
        let hosts = hosts.map_err(|errors| TestCaseError::fail(errors.join("; ")))?;
        prop_assert!(host == "self" || hosts.allows("http", &host, Some(port)));
        prop_assert_eq!(host != "self" && port == other, hosts.allows("http", &host, Some(other)));
    }

    #[test]
    fn a_network_allows_exactly_the_addresses_with_its_leading_bits(address: u32, other: u32, prefix in 0u32..=32) {
        let [address, other] = [address, other].map(std::net::Ipv4Addr::from_bits);
        let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        let expected = address.to_bits() & mask == other.to_bits() & mask;
        prop_assert_eq!(allows(&format!("http://{address}/{prefix}"), &format!("http://{other}")), expected);
    }

    #[test]
    fn no_entry_makes_the_parser_panic(entry in "\\PC{0,30}", host in "[\\[\\]:/.*a-f0-9{}]{0,12}") {
        let _ = refusal(&entry);
        let _ = refusal(&format!("http://{host}"));
    }
}
