//! Components that trap, loop, or take more memory than there is.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use tests::http::HttpError;
use tests::wait::eventually;

use crate::guest::{DEADLINE, each, one, options};

/// What a component does, its status, and what it is counted as.
const FAULTS: [(&str, u16, &str); 3] =
    [("/panic", 500, "trap"), ("/loop", 504, "timeout"), ("/memory", 500, "trap")];

#[tokio::test]
async fn a_fault_is_the_end_of_its_own_request_alone() -> Result<()> {
    let options = options().arg("--request-timeout=1s").arg("--max-instance-memory=67108864");
    for (path, status, reason) in FAULTS {
        each(options.clone(), async |slipway, kind| {
            let answer = kind.get(slipway, path).await?;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.json()["error"].is_string(), "{path} answers with a sentence");
            let labels = [("component", kind.id()), ("reason", reason)];
            // An instance is counted when it is gone, which may be just after its request was answered.
            let counted = || async {
                let ended = slipway.metrics().await.ok()?.sum("slipway_instances_trapped_total", &labels);
                (ended == 1.0).then_some(())
            };
            eventually(DEADLINE, "the end of the instance", counted).await;
            let failed = [("component", kind.id()), ("class", "5xx")];
            assert_eq!(slipway.metrics().await?.value("http_responses_total", &failed), Some(1.0), "{path}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn endless_loops_do_not_hold_up_other_requests() -> Result<()> {
    one(options().arg("--request-timeout=6s"), async |slipway| {
        let loops = join_all((0..8).map(|number| slipway.get(["/loop", "/p2/loop"][number % 2])));
        let loops = async { (loops.await, Instant::now()) };
        let hello = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            (slipway.get("/hello").await, Instant::now())
        };
        let ((looped, loops_ended), (hello, hello_ended)) = tokio::join!(loops, hello);
        assert_eq!(hello?.text(), "hello");
        assert!(hello_ended < loops_ended, "hello had to wait for endless loops to be ended");
        for answer in looped {
            assert_eq!(answer?.status, 504);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn many_memory_bombs_at_once_take_no_more_than_their_share() -> Result<()> {
    const SHARE: u64 = 16 << 20;
    let options = options().arg(&format!("--max-instance-memory={SHARE}"));
    each(options, async |slipway, kind| {
        kind.get(slipway, "/hello").await?;
        let before = slipway.memory()?;
        let bombs = join_all((0..20).map(|_| kind.get(slipway, "/memory"))).await;
        for answer in bombs {
            assert_eq!(answer?.status, 500);
        }
        let most = before + 20 * SHARE + (64 << 20);
        assert!(slipway.memory()? < most, "from {before} to {} bytes", slipway.memory()?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_answer_that_a_panic_cuts_short_is_not_taken_for_whole() -> Result<()> {
    one(options(), async |slipway| {
        for _ in 0..5 {
            let answer = slipway.get("/drip?2&panic").await;
            assert!(matches!(answer, Err(HttpError::Body(_))), "{answer:?}");
        }
        // Before its head was sent, it can still be told with a status.
        assert_eq!(slipway.get("/drip?0&panic").await?.status, 500);
        assert_eq!(slipway.get("/drip?2").await?.text(), "xx");
        Ok(())
    })
    .await
}
