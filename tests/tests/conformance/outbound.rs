//! Components that ask other hosts for too much, or for what they must not have.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use tests::slipway::Slipway;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::guest::{Kind, each, one, options};

/// Answers each connection after a while with `answer`. Counts how many there were at once at most.
async fn server(answer: &'static str, after: Duration) -> Result<(SocketAddr, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let (address, most) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
    let (counted, open) = (Arc::clone(&most), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_max(open.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let open = Arc::clone(&open);
            tokio::spawn(async move {
                let _ = reply(stream, answer, after).await;
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    Ok((address, most))
}

async fn reply(mut stream: TcpStream, answer: &str, after: Duration) -> Result<()> {
    // The request is small enough to come at once.
    let asked = stream.read(&mut [0; 4096]).await?;
    anyhow::ensure!(asked > 0, "nothing was asked");
    tokio::time::sleep(after).await;
    Ok(stream.write_all(answer.as_bytes()).await?)
}

async fn refused(slipway: &Slipway, kind: Kind, reason: &str) -> Result<f64> {
    let labels = [("component", kind.id()), ("reason", reason)];
    Ok(slipway.metrics().await?.sum("slipway_outbound_refused_total", &labels))
}

#[tokio::test]
async fn a_swarm_of_requests_is_bounded_and_others_are_served_meanwhile() -> Result<()> {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for kind in [Kind::P3, Kind::P2] {
        let (address, most) = server(ok, Duration::from_secs(3)).await?;
        let options =
            options().variable("origin", &format!("http://{address}")).arg("--max-outbound-requests=20");
        one(options, async |slipway| {
            slipway.get("/hello").await?;
            let (memory, descriptors) = (slipway.memory()?, slipway.descriptors()?);
            let path = format!("/swarm?2000&{address}&/");
            let others = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let answers = (slipway.get("/hello").await?, slipway.get("/p2").await?);
                anyhow::Ok((answers.0.status, answers.1.status, slipway.descriptors()?, slipway.memory()?))
            };
            let (swarm, others) = tokio::join!(kind.get(slipway, &path), others);
            let ends = swarm?.text();
            assert!(ends.contains("200: 20\n"), "{ends}");
            assert!(ends.contains("ConnectionLimitReached") && ends.contains(": 1980\n"), "{ends}");
            let (hello, p2, most_descriptors, most_memory) = others?;
            assert_eq!((hello, p2), (200, 200));
            assert!(most_descriptors < descriptors + 40, "from {descriptors} to {most_descriptors}");
            assert!(most_memory < memory + (64 << 20), "from {memory} to {most_memory}");
            assert_eq!(refused(slipway, kind, "too_many").await?, 1980.0);
            Ok(())
        })
        .await?;
        assert!(
            most.load(Ordering::Relaxed) <= 20,
            "{} connections were open at once",
            most.load(Ordering::Relaxed)
        );
    }
    Ok(())
}

#[tokio::test]
async fn addresses_of_metadata_are_out_of_reach_however_they_are_written() -> Result<()> {
    let hosts = [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        // Names to the manifest, and addresses to the system's resolver.
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
    ];
    one(options().variable("origin", "http://*:*"), async |slipway| {
        for host in hosts {
            let text = slipway.get(&format!("/fetch?http://{host}/")).await?.text();
            assert!(text.contains("DestinationIpProhibited"), "{host}: {text}");
        }
        assert_eq!(refused(slipway, Kind::P3, "blocked").await?, hosts.len() as f64);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_name_leads_to_is_checked_as_well() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("runtime-config.toml");
    std::fs::write(&file, "[outbound_networking]\nblock_networks = [\"private\"]\n")?;
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nlocal";
    let (address, _) = server(ok, Duration::ZERO).await?;
    let url = format!("http://localhost:{}", address.port());
    let open = options().variable("origin", &url);
    let path = format!("/fetch?{url}/");
    one(open.clone(), async |slipway| {
        assert_eq!(slipway.get(&path).await?.text(), "local", "in development, that is where things are");
        Ok(())
    })
    .await?;
    let closed = open.arg("--runtime-config-file").arg(&file.display().to_string());
    one(closed, async |slipway| {
        let text = slipway.get(&path).await?.text();
        assert!(text.contains("DestinationIpProhibited"), "{text}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() -> Result<()> {
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 5\r\n\
        connection: close\r\n\r\nmoved";
    let (address, _) = server(moved, Duration::ZERO).await?;
    let options = options().variable("origin", &format!("http://{address}"));
    each(options, async |slipway, kind| {
        let swarm = kind.get(slipway, &format!("/swarm?1&{address}&/")).await?.text();
        assert_eq!(swarm, "302: 1\n");
        if kind == Kind::P3 {
            assert_eq!(slipway.get(&format!("/fetch?http://{address}/")).await?.text(), "moved");
        }
        assert_eq!(refused(slipway, kind, "blocked").await?, 0.0);
        Ok(())
    })
    .await
}
