//! More requests than there is room for.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use tests::slipway::Slipway;

use crate::guest::{one, options};

async fn refused(slipway: &Slipway, reason: &str) -> Result<f64> {
    let labels = [("limit", "requests"), ("reason", reason)];
    Ok(slipway.metrics().await?.sum("slipway_requests_refused_total", &labels))
}

#[tokio::test]
async fn beyond_the_queue_requests_are_refused_at_once_and_counted() -> Result<()> {
    let options = options()
        .arg("--max-concurrent-requests=1")
        .arg("--max-queued-requests=1")
        .arg("--max-queue-time=400ms");
    one(options, async |slipway| {
        let first = slipway.get("/wait?2000");
        let others = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            join_all((0..5).map(|_| async {
                let began = Instant::now();
                slipway.get("/hello").await.map(|answer| (answer, began.elapsed()))
            }))
            .await
        };
        let (first, others) = tokio::join!(first, others);
        assert_eq!(first?.status, 200);
        let mut times = Vec::new();
        for answer in others {
            let (answer, time) = answer?;
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
            times.push(time);
        }
        times.sort_unstable();
        assert!(times[3] < Duration::from_millis(300), "it was not at once: {times:?}");
        assert!(times[4] >= Duration::from_millis(400), "nobody waited: {times:?}");
        assert_eq!(
            (refused(slipway, "queue_full").await?, refused(slipway, "queue_timeout").await?),
            (4.0, 1.0)
        );
        let metrics = slipway.metrics().await?;
        assert_eq!(metrics.sum("http_requests_total", &[("component", "p3"), ("status", "503")]), 5.0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn those_in_the_queue_are_served_when_there_is_room() -> Result<()> {
    let options = options().arg("--max-concurrent-requests=1").arg("--max-queue-time=20s");
    one(options, async |slipway| {
        for answer in join_all((0..5).map(|_| slipway.get("/wait?100"))).await {
            assert_eq!(answer?.status, 200);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn guests_that_wait_do_not_take_turns_and_guests_that_compute_do() -> Result<()> {
    one(options(), async |slipway| {
        let began = Instant::now();
        for answer in join_all((0..100).map(|_| slipway.get("/wait?1000"))).await {
            assert_eq!(answer?.status, 200);
        }
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "they waited for each other: {:?}",
            began.elapsed()
        );
        // Far more than the processors can do in the time that a burst may wait.
        let answers = join_all((0..300).map(|_| slipway.get("/compute?40000"))).await;
        let statuses: Vec<u16> =
            answers.into_iter().map(|answer| Ok(answer?.status)).collect::<Result<_>>()?;
        let served = statuses.iter().filter(|&&status| status == 200).count();
        let turned_away = statuses.iter().filter(|&&status| status == 503).count();
        assert_eq!(served + turned_away, 300, "{statuses:?}");
        assert!(served > 0 && turned_away > 0, "{served} served");
        let metrics = slipway.metrics().await?;
        let counted = metrics.sum("slipway_requests_refused_total", &[("limit", "processors")]);
        assert_eq!(counted, turned_away as f64);
        Ok(())
    })
    .await
}
