//! nginx's configuration: how requests are split.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// Header in which an answer says which version made it.
pub const SIDE_HEADER: &str = "slipway-rehearsal-side";

/// How requests are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The new version gets this percentage.
    Weight(u8),
    /// Each replica gets the same.
    Replicas,
}

/// Who gets requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Ready replicas of the stable version.
    pub stable: Vec<SocketAddr>,
    /// Ready replicas of the new version.
    pub canary: Vec<SocketAddr>,
    /// How they share.
    pub split: Split,
}

/// Where nginx listens.
#[derive(Clone, Copy, Debug)]
pub struct Listeners {
    /// For HTTP/1.1.
    pub http1: SocketAddr,
    /// For HTTP/2 without TLS, with prior knowledge.
    pub http2: SocketAddr,
    /// Tells which configuration is in force.
    pub control: SocketAddr,
}

impl Table {
    /// Each replica that gets requests, with its part of all.
    ///
    /// nginx takes whole numbers for weights, and gives them out exactly, request by request: over any hundred the share is
    /// the one that was asked for. See <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#upstream>.
    pub fn shares(&self) -> Vec<(SocketAddr, usize)> {
        let (stable, canary) = self.parts();
        let stable = self.stable.iter().map(|address| (*address, stable));
        let canary = self.canary.iter().map(|address| (*address, canary));
        stable.chain(canary).filter(|(_, part)| *part > 0).collect()
    }

    /// Parts of one replica of each version.
    fn parts(&self) -> (usize, usize) {
        match self.split {
            Split::Replicas => (1, 1),
            // Who has no replicas leaves all to the other.
            Split::Weight(_) if self.canary.is_empty() => (1, 0),
            Split::Weight(weight) if weight > 0 && self.stable.is_empty() => (0, 1),
            Split::Weight(weight) => {
                let weight = usize::from(weight.min(100));
                ((100 - weight) * self.canary.len(), weight * self.stable.len())
            }
        }
    }

    /// The new version's share, in percent.
    pub fn share(&self) -> u8 {
        let (stable, canary) = self.parts();
        let (stable, canary) = (stable * self.stable.len(), canary * self.canary.len());
        let percent = (canary * 100 + (stable + canary) / 2).checked_div(stable + canary).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100)
    }

    /// The whole configuration. `generation` is what it calls itself.
    pub fn configuration(&self, folder: &Path, listeners: Listeners, generation: u64) -> String {
        let shares = self.shares();
        let mut servers = String::new();
        for (address, part) in &shares {
            // One that dies is taken out by its probe, as in a cluster, and not by nginx's own guess.
            let _ = writeln!(servers, "        server {address} weight={part} max_fails=0;");
        }
        let mut sides = String::new();
        for address in &self.canary {
            let _ = writeln!(sides, "        {address} canary;");
        }
        let upstream = if shares.is_empty() {
            String::new()
        } else {
            format!("    upstream app {{\n{servers}        keepalive 32;\n    }}\n")
        };
        let pass = if shares.is_empty() { "return 503;" } else { "proxy_pass http://app;" };
        let folder = folder.display();
        let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
        let Listeners { http1, http2, control } = listeners;
        // One worker: it shares what it balances with nobody, so that parts are exact.
        format!(
            r#"{user}daemon off;
worker_processes 1;
worker_shutdown_timeout 30s;
pid "{folder}/nginx.pid";
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    keepalive_requests 1000000;
    map $upstream_addr $side {{
        default stable;
{sides}    }}
{upstream}    server {{
        listen {http1};
        listen {http2} http2;
        location / {{
            {pass}
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_connect_timeout 2s;
            proxy_next_upstream off;
            add_header {SIDE_HEADER} $side always;
        }}
    }}
    server {{
        listen {control};
        location / {{ return 200 "{generation}"; }}
    }}
}}
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(stable: u16, canary: u16, split: Split) -> Table {
        let addresses = |from: u16, count: u16| {
            (from..from + count).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect()
        };
        Table { stable: addresses(1000, stable), canary: addresses(2000, canary), split }
    }

    #[test]
    fn weights_are_of_versions_however_many_replicas_they_have() {
        for (stable, canary) in [(1, 1), (2, 1), (3, 7), (20, 20)] {
            for weight in [1, 10, 25, 50, 75, 99] {
                let table = table(stable, canary, Split::Weight(weight));
                let shares = table.shares();
                let all: usize = shares.iter().map(|(_, part)| part).sum();
                let new: usize =
                    shares.iter().filter(|(address, _)| address.port() >= 2000).map(|(_, part)| part).sum();
                assert_eq!(new * 100, all * usize::from(weight), "{stable} and {canary} at {weight} %");
                assert_eq!(table.share(), weight);
            }
        }
    }

    #[test]
    fn who_gets_nothing_is_not_there() {
        assert!(table(2, 1, Split::Weight(0)).shares().iter().all(|(address, _)| address.port() < 2000));
        assert!(table(2, 1, Split::Weight(100)).shares().iter().all(|(address, _)| address.port() >= 2000));
        assert_eq!(table(2, 0, Split::Weight(50)).share(), 0);
        assert_eq!(table(0, 2, Split::Weight(50)).share(), 100);
        assert_eq!(table(0, 0, Split::Weight(50)).shares(), []);
    }

    #[test]
    fn without_a_router_each_replica_gets_the_same() {
        let table = table(3, 1, Split::Replicas);
        assert!(table.shares().iter().all(|(_, part)| *part == 1));
        assert_eq!(table.share(), 25);
    }
}
