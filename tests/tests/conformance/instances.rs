//! Instances that work on more than one request at a time, and what a trap then takes with it.

use std::time::Duration;

use anyhow::Result;
use tests::slipway::Slipway;

use crate::guest::{one, options};

/// Statuses of a request that waits, and of one that panics meanwhile.
async fn beside_a_panic(slipway: &Slipway) -> Result<(u16, u16)> {
    let waits = slipway.get("/wait?1500");
    let panics = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        slipway.get("/wait-and-panic?200").await
    };
    let (waits, panics) = tokio::join!(waits, panics);
    Ok((waits?.status, panics?.status))
}

#[tokio::test]
async fn one_request_at_a_time_is_the_default_and_a_panic_is_its_own() -> Result<()> {
    one(options(), async |slipway| {
        assert_eq!(beside_a_panic(slipway).await?, (200, 500));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_body_of_an_answer_has_its_instance_for_itself_too() -> Result<()> {
    one(options(), async |slipway| {
        let drips = slipway.get("/drip?15");
        let panics = async {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                assert_eq!(slipway.get("/panic").await?.status, 500);
            }
            anyhow::Ok(())
        };
        let (drips, panics) = tokio::join!(drips, panics);
        assert_eq!(drips?.text(), "x".repeat(15));
        panics
    })
    .await
}

#[tokio::test]
async fn with_more_a_panic_takes_its_neighbours() -> Result<()> {
    one(options().arg("--max-concurrent-requests-per-instance=2"), async |slipway| {
        assert_eq!(beside_a_panic(slipway).await?, (500, 500));
        let metrics = slipway.metrics().await?;
        assert_eq!(metrics.sum("http_requests_total", &[("component", "p3"), ("status", "500")]), 2.0);
        assert_eq!(metrics.sum("slipway_instances_trapped_total", &[("component", "p3")]), 1.0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn beside_newer_requests_each_has_its_own_time() -> Result<()> {
    let options = options().arg("--max-concurrent-requests-per-instance=8").arg("--request-timeout=1s");
    one(options, async |slipway| {
        let slow = slipway.get("/wait?20000");
        let others = async {
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                assert_eq!(slipway.get("/wait?100").await?.status, 200);
            }
            anyhow::Ok(())
        };
        let (slow, others) = tokio::join!(slow, others);
        assert_eq!(slow?.status, 504);
        others
    })
    .await
}
